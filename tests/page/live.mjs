// SPDX-License-Identifier: GPL-2.0-only
// The figures: what is sent is what is shown. A policy lets UDP to 5000 in, and nothing else of what comes here.
import { open, close, shoot, demand, near, until, holds, soon, sleep, cell, figure, pace, ORIGIN } from './lib.mjs';

const PEER = process.env.PEER_NETNS, FRAME = 142; // bytes of a frame of pace's
const allowed = rate => pace(PEER, '192.0.2.1', '192.0.2.10', 5000, rate);
const forbidden = rate => pace(PEER, '198.51.100.7', '192.0.2.10', 9, rate);
const tile = (page, label) => page.locator('.tile', { has: page.locator('dt', { hasText: label }) });
const tile_rate = async (page, label) => figure(await tile(page, label).locator('.figure').innerText());
const cell_figure = async (page, label) => figure(await cell(page, 'media-in', label).innerText());

// Heights of the bars of one reason, left to right, as shares of the plot.
const bars = (page, colour) => page.locator(`.plot rect.${colour}`).evaluateAll(list => list.map(one => Number(one.getAttribute('height'))));

export default {
	// Rates and totals of a rule, and the sums, are those that were sent; the chart had the past when the page opened.
	async rates(browser) {
		const stops = [allowed(50), forbidden(150)];
		// two samples with drops between them, before there is a page
		await until(async () => (await (await fetch(ORIGIN + '/api/v1/history')).json()).gates[0].drops.some(({ reason, packets }) =>
			reason === 'no-rule' && packets.at(-1) > packets[0]), 'samples of drops', 30);
		const page = await open(browser);
		demand((await until(() => page.evaluate(() => document.querySelector('.plot')?.childElementCount && [...document.querySelectorAll('.plot rect.s0')].length + 1), 'a chart')) > 1, 'no bars of the past');
		await holds(async () => {
			near(await cell_figure(page, 'Packets/s'), 50, 3, 'packets a second of the rule');
			near(await cell_figure(page, 'Bytes/s'), 50 * FRAME, 500, 'bytes a second of the rule');
			near(await tile_rate(page, 'Dropped in'), 150, 9, 'dropped a second');
			near(figure(await page.locator('tr', { has: page.locator('th', { hasText: /^no-rule/ }) }).locator('td').first().innerText()), 150, 9, 'dropped a second, by reason');
			demand(await tile_rate(page, 'Passed in') >= 47, 'passed a second');
		}, 30);
		demand(/most by no-rule/.test(await page.locator('figcaption').innerText()), 'the chart’s words name no-rule');
		await shoot(page, 'live');
		const [sent, refused] = [await stops[0](), await stops[1]()];
		await soon(page, async () => await cell_figure(page, 'Packets') === sent, `the total becomes ${sent}`);
		near(await cell_figure(page, 'Bytes'), sent * FRAME, sent * FRAME / 100, 'the total in bytes');
		await page.locator('summary').click();
		await soon(page, async () => {
			const numbers = await page.locator('.chart td').allInnerTexts();
			return Math.abs(numbers.map(figure).reduce((sum, one) => sum + one, 0) - refused) <= refused / 20;
		}, `the chart as a table adds up to the ${refused} that were refused`);
		await close(page);
	},

	// Many more drops than before stand out in the chart, with their reason, within seconds.
	async surge(browser) {
		const quiet = forbidden(20);
		const page = await open(browser);
		await until(async () => (await bars(page, 's0')).length, 'bars of no-rule', 30);
		const surge = pace(PEER, '198.51.100.7', '192.0.2.10', 5000, 400); // the port, but not this address
		await soon(page, async () => Math.max(0, ...await bars(page, 's1')) > 1.5 * Math.max(...await bars(page, 's0')), 'bars of address above those of no-rule', 40);
		await soon(page, async () => Number(/peak (\d+)/.exec(await page.locator('figcaption').innerText())?.[1]) > 250, 'the chart’s words tell the peak');
		demand(/address/.test(await page.locator('.legend').innerText()), 'the legend names address');
		await page.locator('.plot').hover({ position: { x: (await page.locator('.plot').boundingBox()).width - 12, y: 60 } });
		await until(async () => /address \d+/.test(await page.locator('.readout').innerText()), 'a readout where the pointer is');
		await shoot(page, 'surge');
		await surge();
		await quiet();
		await close(page);
	},

	// A hidden tab asks nothing, and has new figures as soon as it is seen.
	async hidden(browser) {
		const page = await open(browser);
		await until(async () => /live/.test(await page.locator('#link').innerText()), 'an answer');
		let asked = 0;
		page.on('request', () => { asked++; });
		const hide = hidden => page.evaluate(hidden => {
			Object.defineProperty(document, 'hidden', { configurable: true, get: () => hidden });
			document.dispatchEvent(new Event('visibilitychange'));
		}, hidden);
		await hide(true);
		await sleep(.5);
		asked = 0;
		await sleep(3.5);
		demand(asked === 0, `${asked} requests from a hidden tab`);
		await hide(false);
		await until(() => asked >= 2, 'it asks again');
		await close(page);
	},
};
