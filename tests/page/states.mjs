// SPDX-License-Identifier: GPL-2.0-only
// What stands out: each state of a gate is named, announced once, and goes when it is over.
import { execFileSync } from 'node:child_process';
import { renameSync } from 'node:fs';
import path from 'node:path';
import { open, close, shoot, demand, until, soon, sleep, gate, judge } from './lib.mjs';

const notice = (page, headline) => page.locator('.notice', { has: page.locator('strong', { hasText: headline }) });
const there = async (page, headline) => soon(page, () => notice(page, headline).count(), `the notice “${headline}”`);
const away = async (page, headline) => soon(page, async () => !await notice(page, headline).count(), `the notice “${headline}” goes`);
const mode = page => page.locator('.head .mode').innerText();
const said = page => page.evaluate(() => window.said.join(' | '));

// A page that remembers what it said to who listens.
async function listen(browser, options, expected, gates = 1) {
	const page = await open(browser, options, expected);
	await until(async () => await page.locator('.gate').count() >= gates, 'a gate');
	await page.evaluate(() => {
		window.said = [];
		new MutationObserver(() => window.said.push(document.getElementById('says').textContent)).observe(document.getElementById('says'), { childList: true });
	});
	return page;
}

export default {
	async confirm(browser) {
		const page = await listen(browser);
		gate('apply', process.env.POLICY_TWO, '--confirm', '90s');
		await there(page, 'Waits for a confirm');
		const left = async page => { const [minutes, seconds] = (await page.locator('.timer').innerText()).split(':').map(Number); return 60 * minutes + seconds; };
		const first = await left(page);
		// a browser whose clock is an hour ahead counts down the same
		const ahead = await listen(browser, { skew: 3600e3 });
		await there(ahead, 'Waits for a confirm');
		const there_left = await left(ahead), here = await left(page);
		demand(Math.abs(there_left - here) <= 3, `an hour ahead: ${there_left} s, not ${here} s`);
		await close(ahead);
		demand(first > 60 && first <= 90, `${first} s left at first`);
		await shoot(page, 'confirm');
		const began = Date.now(), before = await left(page);
		await sleep(2);
		const later = await left(page), passed = Math.round((Date.now() - began) / 1000);
		demand(Math.abs(before - later - passed) <= 2 && later < before, `${before} s, and ${passed} s later ${later} s left`);
		demand(/former policy, one, comes back by itself/.test(await notice(page, 'Waits').innerText()), 'what comes back is named');
		gate('apply', '--force', process.env.POLICY_TWO, '--confirm', '2s');
		await there(page, 'Rolled back');
		demand(/no confirm came/.test(await notice(page, 'Rolled back').innerText()), 'why it was rolled back');
		await away(page, 'Waits for a confirm');
		demand(/Waits for a confirm/.test(await said(page)) && /Rolled back/.test(await said(page)), `announced: ${await said(page)}`);
		await close(page);
	},

	async emergency(browser) {
		const page = await listen(browser);
		gate('block');
		await there(page, 'Emergency block');
		demand(await mode(page) === 'EMERGENCY: BLOCKED', await mode(page));
		demand(/⚠ .*Emergency block/.test(await page.title()), `the title: ${await page.title()}`);
		demand(await page.locator('.gate').getAttribute('data-level') === 'bad', 'the gate stands out');
		await shoot(page, 'block');
		gate('open');
		await there(page, 'Emergency open');
		await away(page, 'Emergency block');
		gate('resume');
		await away(page, 'Emergency open');
		demand(await mode(page) === 'enforcing', await mode(page));
		demand(/Emergency block.*Emergency open.*no longer open/.test(await said(page)), `announced: ${await said(page)}`);
		gate('apply', '--mode', 'monitor', process.env.POLICY);
		await there(page, 'Monitor mode');
		demand(/Would drop in/.test(await page.locator('.tiles').innerText()), 'what monitor mode would drop');
		gate('apply', '--mode', 'enforce', process.env.POLICY);
		await away(page, 'Monitor mode');
		await close(page);
	},

	// What takes long to come about, or more than one machine: the exporter's own answers with these things in them.
	async findings(browser) {
		const page = await open(browser);
		await until(() => page.locator('.gate').count(), 'a gate');
		const change = (what, how) => page.route(`**/api/v1/${what}`, async route => {
			const response = await route.fetch(), json = await response.json();
			how(json.gates[0]);
			await route.fulfill({ response, json });
		});
		await change('status', gate => {
			Object.assign(gate, { drift: true, drifted: ['table', 'tuples'], rolled_back: { at: Math.floor(Date.now() / 1000) - 90, by: 'command' }, programs: { version: '0.0.9', current: false } });
			Object.assign(gate.interfaces[0], { filters_ahead: [{ hook: 'tcx', program: 77, name: 'some<b>body', priority: 0 }], former_name: 'eth7' });
		});
		await change('stats', gate => {
			gate.flows = { entries: 460, max: 1000, ipv4: 10, ipv6: 450 }; // each family has half of the room
			gate.rules[0].payload_mismatches = 1234567;
			gate.rules.push({ ...gate.rules[0], name: '(removed)', protocol: null, ports: '', from: '', to: '', note: undefined });
		});
		for (const [headline, words] of [['Drift', /written to table, tuples/], ['Rolled back', /by command, \d\d:\d\d:\d\d/], ['Other programs', /0\.0\.9/],
			['Ahead of the gate', /some<b>body \(tcx, program 77\)/], ['was renamed', /eth7/], ['Flows of IPv6', /90 % full/]]) {
			await there(page, headline);
			demand(words.test(await notice(page, headline).innerText()), `${headline}: ${await notice(page, headline).innerText()}`);
		}
		demand(!await notice(page, 'Flows of IPv4').count(), 'IPv4 has room');
		demand(/IPv4 2 %, IPv6 90 % of its half/.test(await page.locator('.tiles').innerText()), await page.locator('.tiles').innerText());
		demand(await page.locator('.tiles .fill').getAttribute('data-level') === 'warn', 'the meter goes by the fuller table');
		demand(/1,234,567 payload mismatches/.test(await page.locator('.rules').innerText()), 'payload mismatches are told');
		demand(/\(removed\)/.test(await page.locator('.rules').innerText()), 'what rules counted that are no more');
		demand(/Drift/.test(await page.locator('.notice').first().innerText()), 'the worst stands first');
		demand(/^⚠ .*Drift/.test(await page.title()), await page.title());
		await judge(page, 'all that can be found');
		await shoot(page, 'findings');
		await page.unrouteAll({ behavior: 'ignoreErrors' });
		await close(page);
	},

	// The browser keeps to the policy that came with the page: nothing else runs, is loaded or shown.
	async foreign(browser) {
		const page = await open(browser, {}, [/Content Security Policy|policy violated|Trusted|Failed to load/, /^request: http:\/\/127.0.0.1:9/]);
		await until(() => page.locator('.gate').count(), 'a gate');
		const ran = await page.evaluate(async () => {
			const script = document.createElement('script'), image = new Image();
			try {
				script.textContent = 'window.pwned = 1';
			} catch {
				// a trusted type is wanted
			}
			script.append('window.pwned = 1');
			document.body.append(script);
			const tries = { script: window.pwned === 1 };
			tries.markup = (() => { try { document.body.insertAdjacentHTML('beforeend', '<b>x</b>'); return true; } catch { return false; } })();
			tries.fetch = await fetch('http://127.0.0.1:9/').then(() => true, error => !/Failed to fetch/.test(error));
			document.body.append(Object.assign(document.createElement('style'), { textContent: 'body { color: rgb(1, 2, 3) }' }));
			tries.style = getComputedStyle(document.body).color === 'rgb(1, 2, 3)';
			tries.image = await new Promise(done => { image.onload = () => done(true); image.onerror = () => done(false); image.src = '/none.png'; });
			return Object.entries(tries).filter(one => one[1]).map(one => one[0]);
		});
		demand(ran.length === 0, `what isn't the page's was let in: ${ran.join(', ')}`);
		for (const directive of ['style-src', 'connect-src', 'img-src', 'require-trusted-types-for'])
			demand(page.violations.some(one => one.startsWith(directive)), `${directive} held nothing back, but ${page.violations.join(', ')}`);
		await close(page);
	},

	// What a policy's author wrote is text, whatever it looks like.
	async markup(browser) {
		gate('apply', process.env.POLICY_MARKUP);
		const page = await listen(browser);
		const note = page.locator('.rules td.note').first();
		await until(async () => /<script>/.test(await note.textContent()), 'the note as text');
		demand(await page.locator('.rules script, .rules img, .rules b').count() === 0, 'the note became markup');
		demand(await page.evaluate(() => window.pwned === undefined), 'the note’s script ran');
		demand((await page.content()).includes('&lt;script&gt;window.pwned'), 'the note is escaped in the tree');
		gate('apply', process.env.POLICY);
		await soon(page, async () => !/<script>/.test(await note.textContent()), 'a new policy’s rules');
		await close(page);
	},

	// Gates come and go; without one the page says what to do.
	async gone(browser) {
		const page = await listen(browser);
		gate('detach', '--yes');
		await soon(page, async () => /is gone/.test(await page.locator('#notices').innerText()), 'the gate is said to be gone');
		demand(/edgegate apply/.test(await page.locator('#talk').innerText()), 'what to do without a gate');
		await shoot(page, 'gone');
		gate('apply', process.env.POLICY);
		await soon(page, () => page.locator('.gate').count(), 'the gate is there again');
		demand(await page.locator('#notices').innerText() === '', 'nothing is gone any more');
		demand(/gate is gone.*a gate is there again/.test(await said(page)), `announced: ${await said(page)}`);
		await close(page);
	},

	// A gate that can't be read may guard all the same: it is neither gone nor is there none. It may have another label.
	async unreadable(browser, { folder }) {
		const page = await listen(browser), pin = folder + '/outcome_counts', away = path.join(folder, '../../../outcome_counts_of_gate0');
		const text = () => page.locator('main').innerText();
		renameSync(pin, away);
		try {
			await there(page, '1 gate can’t be read');
			const words = await notice(page, 'can’t be read').innerText();
			demand(/gate0/.test(words) && /may guard all the same/.test(words) && /edgegate status says why/.test(words), words);
			demand(/Missed, and maybe among them: .*\/gate0\./.test(words), words);
			demand(await notice(page, 'can’t be read').getAttribute('data-level') === 'bad', 'it is an alarm');
			demand(!/gone|open|apply|No gate here/.test(await text()), await text());
			demand(await page.locator('.gate').count() === 0 && /^⚠ 1 gate can’t be read/.test(await page.title()), await page.title());
			await judge(page, 'a gate that cannot be read');
			await shoot(page, 'unreadable');
			// who comes now sees the same
			const other = await listen(browser, {}, [], 0);
			await there(other, '1 gate can’t be read');
			demand(!/apply|No gate here|Missed/.test(await other.locator('main').innerText()), await other.locator('main').innerText());
			await close(other);
		} finally {
			renameSync(away, pin);
		}
		await soon(page, () => page.locator('.gate').count(), 'it can be read again');
		demand(await page.locator('#notices').innerText() === '', await page.locator('#notices').innerText());
		demand(/1 gate can’t be read/.test(await said(page)) && !/gone/.test(await said(page)), `announced: ${await said(page)}`);
		await close(page);
	},

	// The two answers are of two moments: a gate that only one of them has is no alarm.
	async between(browser) {
		const page = await listen(browser);
		for (const what of ['status', 'stats']) {
			let asked = 0;
			await page.route(`**/api/v1/${what}`, async route => {
				const response = await route.fetch(), json = await response.json();
				asked++;
				await route.fulfill({ response, json: { ...json, gates: [] } });
			});
			await soon(page, () => asked >= 2, 'answers');
			await soon(page, () => asked >= 4, 'and what was made of them');
			demand(await page.locator('.gate').count() === 1, `without it in ${what} the gate went`);
			demand(!await page.locator('#talk').isVisible() && await page.locator('#notices').innerText() === '', await page.locator('main').innerText());
			await page.unrouteAll({ behavior: 'wait' });
		}
		demand(!/gone/.test(await said(page)), `announced: ${await said(page)}`);
		await close(page);
	},

	// Of several gates there is a list, with the way to each; one that goes is missed, the other one stays as it is.
	async several(browser) {
		const page = await listen(browser);
		demand(!await page.locator('#overview').isVisible(), 'a list of one gate');
		const other = (verb, ...more) => execFileSync(process.env.EDGEGATE, ['--netns', process.env.PEER_NETNS, verb, '-i', 'wire0', ...more], { stdio: 'pipe' });
		try {
			other('apply', '--mode', 'monitor');
			await soon(page, () => page.locator('#overview').isVisible(), 'a list of two');
			const rows = await page.locator('#overview tbody tr').allInnerTexts();
			demand(rows.length === 2 && rows.some(row => /gate0.*enforcing/s.test(row)) && rows.some(row => /wire0.*monitor.*Monitor mode/s.test(row)), rows.join(' / '));
			await page.locator('#overview a', { hasText: 'wire0' }).focus();
			await page.locator('#overview table').evaluate(table => { table.was = true; });
			await soon(page, () => page.locator('#overview table').evaluate(table => !table.was), 'the list is made anew');
			demand(/wire0/.test(await page.evaluate(() => document.activeElement.textContent)), 'the list took the focus away');
			await page.keyboard.press('Enter');
			demand(await page.evaluate(() => document.querySelector(':target h2').textContent.endsWith('/wire0')), 'the way to it');
			await shoot(page, 'several');
			for (const one of await page.locator('.chart summary').all())
				await one.click();
			await judge(page, 'a list of gates');
			await page.setViewportSize({ width: 375, height: 812 });
			demand(await page.evaluate(() => document.documentElement.scrollWidth <= window.innerWidth), 'a list of gates is too wide for a phone');
		} finally {
			other('detach', '--yes');
		}
		await soon(page, async () => /wire0 is gone/.test(await page.locator('#notices').innerText()), 'it is said to be gone');
		demand(await page.locator('.gate').count() === 1, 'the other one stays');
		await close(page);
	},

	// An interface that went to another namespace, and its programs with it: the page says what status says, but for
	// where it went, which the exporter can't see. It comes back.
	async moved(browser) {
		const move = (from, to) => execFileSync('ip', ['-n', from, 'link', 'set', 'gate0', 'netns', to]);
		const status = () => JSON.parse(execFileSync(process.env.EDGEGATE, ['--netns', process.env.HOST_NETNS, 'status', '-i', 'gate0', '--json'])).gates[0];
		const page = await listen(browser);
		demand(status().interfaces[0].place === 'here' && await page.locator('.notice').count() === 0, 'it was moved before');
		move(process.env.HOST_NETNS, process.env.VIEWER_NETNS);
		await there(page, 'gate0 was moved');
		demand(status().interfaces[0].place === 'moved', `status says ${JSON.stringify(status().interfaces[0])}`);
		demand(/another network namespace; its programs went with it/.test(await notice(page, 'gate0 was moved').innerText()), 'where to');
		demand(await page.locator('.gate').getAttribute('data-level') === 'warn' && /gate0 was moved/.test(await said(page)), 'it is told');
		move(process.env.VIEWER_NETNS, process.env.HOST_NETNS);
		await away(page, 'gate0 was moved');
		demand(status().interfaces[0].place === 'here' && await page.locator('.gate').getAttribute('data-level') === 'good', 'all is well again');
		await close(page);
	},

	// An interface that is gone; and an exporter that may not look into the gate's namespace raises no false alarm.
	async lost(browser, { origin, elsewhere }) {
		const page = await listen(browser, { origin });
		await until(async () => await page.locator('.gate').getAttribute('data-level') === 'good', 'nothing to say');
		demand(await page.locator('.notice').count() === 0, await page.locator('.gate .notices').innerText());
		if (elsewhere)
			return close(page);
		execFileSync('ip', ['-n', process.env.HOST_NETNS, 'link', 'delete', 'gate0']);
		await there(page, 'gate0 is not guarded');
		demand(await page.locator('.gate').getAttribute('data-level') === 'bad', 'the gate stands out');
		return close(page);
	},

	// What is remembered is asked apart: without it only the chart is old. Of a reason that nobody knows it has a bar
	// of its own colour.
	async past(browser) {
		const page = await listen(browser, {}, [/Failed to load resource/]);
		const live = page.locator('#link[data-state=live]'), late = page.locator('.chart .late');
		let change = async route => route.fulfill({ status: 500 });
		await page.route('**/api/v1/history', route => change(route));
		await soon(page, async () => /does not tell the past/.test(await late.innerText()), 'the chart is called old');
		demand(await live.count() === 1 && await page.locator('body.stale').count() === 0, 'nothing else is old');
		const said = await page.locator('#link').innerText();
		change = () => {}; // for ever
		await soon(page, async () => await page.locator('#link').innerText() !== said, 'other figures go on');
		demand(await live.count() === 1 && await page.locator('body.stale').count() === 0, 'nothing else is old');
		await page.unrouteAll({ behavior: 'ignoreErrors' });
		await page.reload();
		await page.route('**/api/v1/history', async route => {
			const response = await route.fetch(), json = await response.json();
			for (const gate of json.gates) {
				gate.at = [...Array(20).keys()].map(i => gate.at.at(-1) - 5 * (19 - i));
				gate.drops = ['no-rule', 'a-new-reason'].map(reason => ({ direction: 'in', reason, packets: gate.at.map((_, i) => 10 * i) }));
				gate.passed.forEach(one => { one.packets = gate.at.map(() => 0); });
			}
			await route.fulfill({ response, json });
		});
		await soon(page, () => page.locator('.legend li', { hasText: 'a-new-reason' }).count(), 'a reason that nobody knows');
		demand(await late.innerText() === '', await late.innerText());
		const fill = reason => page.locator('.legend li', { hasText: reason }).locator('rect').evaluate(one => getComputedStyle(one).fill);
		demand(await fill('a-new-reason') !== await fill('no-rule'), `it has the colour of no-rule, ${await fill('no-rule')}`);
		demand(!/^(none|rgb\(0, 0, 0\))$/.test(await fill('a-new-reason')), `it has no colour: ${await fill('a-new-reason')}`);
		await page.unrouteAll({ behavior: 'ignoreErrors' });
		await close(page);
	},

	// The exporter stops answering: what is shown is called old, and is new again by itself.
	async stale(browser) {
		const page = await listen(browser, {}, [/Failed to load resource/]);
		process.kill(Number(process.env.EXPORTER_PID), 'SIGSTOP');
		const others = execFileSync('pgrep', ['-P', process.env.EXPORTER_PID], { encoding: 'utf8' }).trim().split('\n').map(Number);
		try {
			for (const other of others)
				process.kill(other, 'SIGSTOP');
			await until(async () => /no answer since \d\d:\d\d:\d\d/.test(await page.locator('#link').innerText()), 'no answer', 30);
			demand(await page.locator('body.stale').count() === 1, 'what is old looks old');
			demand(/no answer/.test(await page.title()), 'the title says so');
			await shoot(page, 'stale');
		} finally {
			for (const other of [...others, Number(process.env.EXPORTER_PID)])
				process.kill(other, 'SIGCONT');
		}
		await until(async () => /live/.test(await page.locator('#link').innerText()), 'it answers again', 30);
		demand(await page.locator('body.stale').count() === 0, 'nothing is old any more');
		demand(!/no answer/.test(await page.title()), `the title: ${await page.title()}`);
		await close(page);
	},
};
