// SPDX-License-Identifier: GPL-2.0-only
// A browser on the exporter's page, and what every test of it demands: no error and no violation of the page's policy
// on the console, and no request to anybody but the exporter. playwright-core and axe-core are in build/page.
// PAGE_SHOTS=1 keeps pictures of what is tested in build/page/shots; of what fails there is one anyway.
import { createRequire } from 'node:module';
import { spawn, execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const top = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '../..');
const require = createRequire(path.join(top, 'build/page/package.json'));
const { chromium } = require('playwright-core');
const axe = require.resolve('axe-core/axe.min.js');

export const ORIGIN = 'http://127.0.0.1:9979';
const shots = path.join(top, 'build/page/shots');

export function demand(is, what) {
	if (!is)
		throw new Error(what);
}

export function near(value, wanted, by, what) {
	demand(Math.abs(value - wanted) <= by, `${what}: ${value}, not ${wanted} (give or take ${by})`);
}

// Looks again until it is so; what `look` returns last is returned.
export async function until(look, what, seconds = 20) {
	const end = Date.now() + seconds * 1000;
	for (;;) {
		const seen = await look();
		if (seen)
			return seen;
		demand(Date.now() < end, `${seconds} seconds passed without: ${what}`);
		await new Promise(done => setTimeout(done, 100));
	}
}

// Demands again until they are met; fails by the last one.
export async function holds(demands, seconds = 20) {
	let error;
	await until(() => demands().then(() => true, missed => { error = missed; }), '', seconds).catch(() => { throw error; });
}

// until(), of a page that is looked away from and back to in between: then it asks at once, not in its own time.
export async function soon(page, look, what, seconds = 20) {
	return until(async () => {
		const seen = await look();
		if (!seen) {
			await page.evaluate(() => document.dispatchEvent(new Event('visibilitychange')));
			await sleep(.3); // for so long the exporter says the same
		}
		return seen;
	}, what, seconds);
}

export const sleep = seconds => new Promise(done => setTimeout(done, seconds * 1000));

// edgegate, on the gate of the test.
export function gate(...words) {
	const [verb, ...more] = words;
	return execFileSync(process.env.EDGEGATE, ['--netns', process.env.HOST_NETNS, verb, '-i', 'gate0', ...more], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] });
}

const children = new Set();
process.on('exit', () => children.forEach(child => child.kill('SIGTERM')));

// Datagrams from one namespace to an address, so many a second, until the function that is returned is called: it
// says how many were sent.
export function pace(netns, from, to, port, rate) {
	const child = spawn('nsenter', ['--net=/run/netns/' + netns, '--', path.join(top, 'build/tests/tools/pace'), from, to, port, rate].map(String), { stdio: ['ignore', 'pipe', 'inherit'] });
	children.add(child);
	let said = '';
	child.stdout.on('data', text => { said += text; });
	const ended = new Promise(done => child.on('close', done));
	return async () => {
		child.kill('SIGTERM');
		await ended;
		children.delete(child);
		return JSON.parse(said).sent;
	};
}

export async function browse() {
	return chromium.launch({ executablePath: process.env.CHROMIUM || '/usr/bin/chromium', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage', '--host-resolver-rules=MAP * ~NOTFOUND, EXCLUDE 127.0.0.1, EXCLUDE 203.0.113.2'] });
}

// A tab on the page. `faults` collects what must not be; `expected`: patterns of what a test brings about itself.
export async function open(browser, options = {}, expected = []) {
	const { origin = ORIGIN, skew = 0, ...rest } = options; // skew: ms that the browser's clock is ahead
	const context = await browser.newContext({ viewport: { width: 1280, height: 900 }, ...rest });
	const page = await context.newPage();
	page.faults = [];
	page.violations = []; // directives of the page's policy
	const fault = text => expected.some(one => one.test(text)) || page.faults.push(text);
	page.on('console', message => page.violations.push(...message.text().startsWith('policy violated: ') ? [message.text().slice(17)] : []));
	page.on('console', message => ['error', 'warning'].includes(message.type()) && fault(`console: ${message.text()}`));
	page.on('pageerror', error => fault(`script: ${error.stack}`));
	page.on('dialog', dialog => { fault(`dialog: ${dialog.message()}`); dialog.dismiss(); });
	page.on('request', request => /^data:/.test(request.url()) || new URL(request.url()).origin === origin || fault(`request: ${request.url()}`));
	await page.addInitScript(() => document.addEventListener('securitypolicyviolation', event => console.error(`policy violated: ${event.violatedDirective} ${event.blockedURI}`)));
	await page.addInitScript(skew => { const real = Date.now; Date.now = () => real() + skew; }, skew);
	await page.goto(origin + '/', { waitUntil: 'domcontentloaded' });
	return page;
}

export async function shoot(page, name) {
	if (!process.env.PAGE_SHOTS && !name.startsWith('failed-'))
		return;
	mkdirSync(shots, { recursive: true });
	await page.screenshot({ path: path.join(shots, name + '.png'), fullPage: true });
}

// axe's rules of WCAG 2.2 A and AA, contrast among them. It is put in behind the policy's back, by the browser.
export async function judge(page, what) {
	const faults = page.faults.length;
	await page.evaluate(readFileSync(axe, 'utf8'));
	const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'], resultTypes: ['violations'], preload: false }));
	page.faults.length = faults;
	demand(violations.length === 0, `${what}: ` + violations.map(one => `${one.id}: ${one.help}: ${one.nodes.slice(0, 3).map(node => node.html + ' ' + node.failureSummary).join('; ')}`).join('\n'));
}

export async function close(page) {
	demand(page.faults.length === 0, page.faults.join('\n'));
	await page.context().close();
}

// "7,123" and "7.1 kB" as numbers.
export function figure(text) {
	const [, digits, unit] = /^([\d.,]+)\s*([kMGT]?)/.exec(text.trim()) || [];
	demand(digits, `no figure: ${text}`);
	return Number(digits.replaceAll(',', '')) * { '': 1, k: 1e3, M: 1e6, G: 1e9, T: 1e12 }[unit];
}

// A cell of the port table, by the rule's name.
export const cell = (page, rule, label) => page.locator('.rules tbody tr', { has: page.locator('th', { hasText: rule }) }).locator(`td[data-label="${label}"]`);

// A test, in a browser that others have had and will have: nothing of it is left open. What it failed by, or nothing.
export async function attempt(browser, name, test, asked) {
	const ends = new AbortController();
	const late = new Promise((_, fail) => {
		const timer = setTimeout(() => fail(new Error('it hangs')), 80e3);
		ends.signal.onabort = () => clearTimeout(timer);
	});
	try {
		await Promise.race([test(browser, asked), late]);
		return '';
	} catch (error) {
		const page = browser.contexts().flatMap(context => context.pages())[0];
		if (page)
			await shoot(page, 'failed-' + name).catch(() => {});
		return [`${name}: ${error.stack}`, ...(page ? page.faults : [])].join('\n') + '\n';
	} finally {
		ends.abort();
		for (const context of browser.contexts())
			await context.close().catch(() => {});
		children.forEach(child => child.kill('SIGTERM'));
		children.clear();
	}
}
