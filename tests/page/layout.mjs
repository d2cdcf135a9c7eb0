// SPDX-License-Identifier: GPL-2.0-only
// How it looks, and to whom: light and dark, wide and as narrow as a phone, by keyboard, to a screen reader's rules (axe).
import { open, close, shoot, demand, until, soon, gate, cell, judge } from './lib.mjs';

async function ready(browser, options) {
	const page = await open(browser, options);
	await soon(page, () => page.locator('.legend li').count(), 'a chart with something in it');
	await until(async () => /\d/.test(await cell(page, 'media-in', 'Packets/s').innerText()), 'rates');
	return page;
}

export default {
	async schemes(browser) {
		gate('apply', process.env.POLICY_TWO, '--confirm', '90s');
		const seen = {};
		const page = await ready(browser, { reducedMotion: 'reduce' });
		await page.locator('summary').click();
		for (const colorScheme of ['light', 'dark'])
			for (const width of [1280, 375]) {
				await page.emulateMedia({ colorScheme });
				await page.setViewportSize({ width, height: 812 });
				await shoot(page, `${colorScheme}-${width}`);
				const wide = await page.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
				demand(wide <= 0, `${colorScheme}, ${width} wide: the page is ${wide} px too wide`);
				seen[colorScheme] = await page.evaluate(() => getComputedStyle(document.body).backgroundColor);
				await judge(page, `${colorScheme}, ${width} wide`);
			}
		demand(seen.light !== seen.dark, 'both schemes look alike');
		gate('confirm');
		gate('block');
		await page.setViewportSize({ width: 1280, height: 812 });
		await soon(page, () => page.locator('.notice[data-level=bad]').count(), 'the block');
		for (const colorScheme of ['light', 'dark']) {
			await page.emulateMedia({ colorScheme });
			await judge(page, `${colorScheme}, blocked`);
		}
		await close(page);
		gate('resume');
		gate('apply', process.env.POLICY);
	},

	// Everything that can be used is reached by Tab alone, in order, and one sees where one is.
	async keyboard(browser) {
		const page = await ready(browser, { viewport: { width: 900, height: 700 } });
		const reached = [];
		for (let i = 0; i < 20; i++) {
			await page.keyboard.press('Tab');
			const now = await page.evaluate(() => {
				const one = document.activeElement;
				if (!one || one === document.body)
					return null;
				const style = getComputedStyle(one);
				return { what: one.getAttribute('aria-label') || one.getAttribute('aria-labelledby') || one.textContent.trim(), seen: style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) >= 2 };
			});
			if (!now)
				break;
			demand(now.seen, `no outline on ${now.what}`);
			reached.push(now.what);
		}
		for (const wanted of ['Skip to the gates', 'The chart as a table', 'g1-name g1-ports', 'metrics', 'history'])
			demand(reached.includes(wanted), `Tab never came to “${wanted}”, but to ${reached.join(', ')}`);
		await page.keyboard.press('Shift+Tab');
		await page.locator('summary').focus();
		await page.keyboard.press('Enter');
		await until(() => page.locator('.chart details[open] table').count(), 'the table opens by Enter');
		// the table scrolls by keyboard where it is wider than the window, the page doesn't
		demand(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'the page is too wide');
		await page.locator('.rules .scroll').focus();
		await page.keyboard.press('End');
		await close(page);
	},

	// A thousand rules: a box to find one, by name, port or note, and those with traffic; and it stays quick.
	async many(browser) {
		gate('apply', process.env.POLICY_MANY);
		const page = await open(browser);
		await until(async () => await page.locator('.rules tbody tr').count() > 1000, 'a row each');
		const shown = () => page.locator('.rules tbody tr:not([hidden])').count();
		await page.getByLabel('Show rules that have').fill('rule-77');
		await until(async () => await shown() === 11, 'rule-77 and rule-770 to rule-779');
		await page.getByLabel('Show rules that have').fill('');
		await page.getByLabel('with traffic now').check();
		await until(async () => await shown() === 1, 'the one with traffic');
		await page.getByLabel('with traffic now').uncheck();
		// as long as it takes to ask twice more, history among it; on a busy machine nobody knows how long that is, but
		// what takes each rule times each rule is longer
		await page.evaluate(() => {
			window.tasks = [];
			new PerformanceObserver(list => window.tasks.push(...list.getEntries().map(one => one.duration))).observe({ type: 'longtask' });
		});
		let shows = 0;
		page.on('requestfinished', request => { shows += /stats/.test(request.url()); });
		await until(() => shows >= 3, 'it asks again');
		const longest = await page.evaluate(() => Math.max(0, ...window.tasks));
		demand(longest < 3000, `it was busy for ${Math.round(longest)} ms at a time`);
		await close(page);
	},
};
