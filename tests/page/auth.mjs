// SPDX-License-Identifier: GPL-2.0-only
// With a password the browser asks for it; with a token the page does.
import { open, close, shoot, demand, until } from './lib.mjs';

const expected = [/Failed to load resource.*40[13]/];

export default {
	async basic(browser, { origin }) {
		const page = await open(browser, { origin, httpCredentials: { username: 'ops', password: 'night shift' } });
		await until(() => page.locator('.gate').count(), 'a gate');
		await close(page);
		const stranger = await browser.newContext();
		const answer = await (await stranger.newPage()).goto(origin).catch(error => error);
		demand(/ERR_INVALID_AUTH_CREDENTIALS/.test(answer.message) || answer.status() === 401, 'a stranger sees the page');
	},

	async bearer(browser, { origin, token }) {
		const page = await open(browser, { origin }, expected);
		await until(async () => /bearer token/.test(await page.locator('#talk').innerText()), 'it says that a token is wanted');
		demand(/--auth-basic/.test(await page.locator('#talk').innerText()), 'and how to do without');
		await shoot(page, 'bearer');
		await page.getByLabel('Token', { exact: true }).fill('wrong');
		await page.keyboard.press('Enter');
		await until(async () => /not accepted/.test(await page.locator('#talk').innerText()), 'a wrong token is refused');
		// what no header can hold is said, and asks nothing
		let asked = 0;
		page.on('request', () => { asked++; });
		for (const wrong of ['ein-schlüssel-0123456789', token + '\u2026', 'два слова']) {
			await page.getByLabel('Token', { exact: true }).fill(wrong);
			await page.keyboard.press('Enter');
			await until(async () => /can’t be a token: “[ü…д]”/.test(await page.locator('#token-fault').innerText()), `“${wrong}” is refused`);
		}
		demand(asked === 0, `${asked} requests with what is no token`);
		await shoot(page, 'bearer-fault');
		await page.getByLabel('Token', { exact: true }).fill(token);
		await page.keyboard.press('Enter');
		await until(() => page.locator('.gate').count(), 'a gate');
		demand(!await page.locator('#talk').isVisible(), 'nothing is asked any more');
		demand(!(await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]))).includes(token), 'the token was kept');
		await close(page);
	},
};
