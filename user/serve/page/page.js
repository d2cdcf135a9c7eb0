// SPDX-License-Identifier: GPL-2.0-only
// All gates, what is said when there are none or no answer comes, and when to ask.

const gates = new Map(); // label -> GateView
const gone = new Map();  // label -> { at: when it was seen last, told: whether that was said }
let unreadable = [];     // labels of gates that are there and could not be read; one may be another than the gate had
let answered = null, failing = 0, asking = false, timer = null, started = false;
let historyAt = 0, remembering = false;

function speak(list) {
	if (list.length)
		say($('says'), list.join('. ') + '.');
}

function talk(title, text, form) {
	$('talk').hidden = !title;
	$('token-form').hidden = !form;
	say($('talk-title'), title || '');
	$('talk-text').replaceChildren(...text || []);
}

function link(state, words) {
	mark($('link'), 'data-state', state);
	say($('link'), words);
	document.body.classList.toggle('stale', state === 'stale');
}

function overview() {
	$('overview').hidden = gates.size < 2;
	if (gates.size < 2)
		return;
	const rows = [...gates.values()].map(view => {
		const [level, words] = MODES[view.status.mode] || ['warn', view.status.mode];
		const cell = text => el('td', { class: 'number' }, text);
		const sum = what => { const both = ['in', 'out'].map(direction => view.speed(what + ' ' + direction + ' 0')); return both.includes(null) ? null : both[0] + both[1]; };
		const found = view.list.filter(one => one[0] !== 'info').map(one => one[2]).join(', ');
		return el('tr', {}, el('th', { scope: 'row' }, el('a', { href: '#' + view.id }, view.label)), el('td', {}, el('span', { class: 'mode', 'data-level': level }, words)),
			el('td', { class: 'wide' }, view.status.policy || '–'), cell(rate(sum('passed'))), cell(rate(sum('dropped'))), el('td', { class: 'wide' }, found || '–'));
	});
	const head = (text, kind) => el('th', { scope: 'col', class: kind || '' }, text);
	const focused = document.activeElement && document.activeElement.closest('#overview') ? document.activeElement.getAttribute('href') : null;
	$('overview').replaceChildren(el('div', { class: 'scroll' }, el('table', {}, el('caption', {}, 'Gates'), el('thead', {}, el('tr', {}, head('Gate'), head('Mode'),
		head('Policy', 'wide'), head('Passed/s', 'number'), head('Dropped/s', 'number'), head('Needs a look', 'wide'))), el('tbody', {}, ...rows))));
	if (focused)
		for (const one of $('overview').querySelectorAll('a'))
			if (one.getAttribute('href') === focused)
				one.focus();
}

function title() {
	const bad = [...gates.values()].filter(view => view.level === 'bad' || view.status.confirm_deadline !== null);
	const first = bad.length ? '⚠ ' + bad[0].label + ': ' + bad[0].list[0][2] + ' · ' : unreadable.length ? '⚠ ' + unread() + ' · ' :
		gone.size ? '⚠ ' + [...gone.keys()][0] + ' is gone · ' : '';
	document.title = (failing ? '⚠ no answer · ' : '') + first + 'edgegate';
}

const unread = () => unreadable.length === 1 ? '1 gate can’t be read' : unreadable.length + ' gates can’t be read';

// What concerns all gates: those that can't be read, of which any may be one that is missed; else those that are gone.
function alarms(told) {
	const list = [], missed = [...gone.keys()].filter(label => !unreadable.includes(label));
	if (unreadable.length)
		list.push(['bad', 'unreadable', unread(), '(' + unreadable.join(', ') + '): they may guard all the same; ', code('edgegate status'), ' says why.' +
			(missed.length ? ' Missed, and maybe among them: ' + missed.join(', ') + '.' : '')]);
	else
		for (const [label, one] of gone) {
			list.push(['bad', 'gone', 'Gate ' + label + ' is gone', 'It was there until ' + moment(one.at) + '. What it guarded is open unless another gate has it.']);
			if (!one.told)
				told.push(label + ': the gate is gone');
			one.told = true;
		}
	const nodes = list.map(notice);
	if (nodes.map(node => node.textContent).join() === [...$('notices').children].map(node => node.textContent).join())
		return;
	$('notices').replaceChildren(...nodes);
	if (unreadable.length)
		told.push(unread());
}

// The answers are of two moments: a gate that only one of them has is coming or going, and the next ones tell which.
function show(stats, status, when) {
	const told = [], seen = new Set([...stats.gates, ...status.gates].map(one => one.gate));
	unreadable = [...new Set([...stats.unreadable || [], ...status.unreadable || []])];
	for (const one of stats.gates) {
		const state = status.gates.find(other => other.gate === one.gate);
		if (!state)
			continue;
		let view = gates.get(one.gate);
		if (!view) {
			view = new GateView(one.gate);
			gates.set(one.gate, view);
			if (started)
				told.push(one.gate + ': a gate is there' + (gone.has(one.gate) && gone.get(one.gate).told ? ' again' : ''));
			historyAt = 0;
		}
		gone.delete(one.gate);
		view.update(one, state, when);
		told.push(...view.news());
	}
	for (const [label, view] of gates)
		if (!seen.has(label)) {
			view.node.remove();
			gates.delete(label);
			gone.set(label, { at: now(), told: false });
		}
	const order = [...seen].map(label => gates.get(label)).filter(Boolean).map(view => view.node);
	if (order.length !== $('gates').children.length || order.some((node, i) => $('gates').children[i] !== node))
		$('gates').replaceChildren(...order);
	alarms(told);
	talk(seen.size || unreadable.length ? null : 'No gate here', ['The exporter answers, and sees no gate on this machine. Make one: ', code('edgegate apply -i eth0')]);
	overview();
	title();
	speak(told);
	started = true;
}

function trouble(error) {
	failing++;
	const since = answered ? ' since ' + clock.format(new Date(answered)) + ' (' + span((Date.now() - answered) / 1000) + ')' : '';
	const retry = 'This page tries again every 2 seconds.';
	if (error.status === 401) {
		link('stale', 'not allowed to ask' + since);
		const refused = token !== null;
		token = null; // not again and again: somebody gives another one
		if (error.bearer)
			talk('This exporter asks for a bearer token', [refused ? 'That token was not accepted. ' : 'Browsers don’t send one by themselves. ', 'Give one of those in the file that ', code('edgegate exporter --auth-bearer'),
				' was started with; it stays in this tab’s memory, and is gone when the page is loaded anew. For a page that asks by itself start the exporter with ', code('--auth-basic'), '.'], true);
		else
			talk('The exporter wants a name and a password', ['Load this page anew to be asked for them.']);
	} else if (error.status) {
		link('stale', 'cannot read the gates' + since);
		if (!answered)
			talk('The exporter answers, but not with figures', ['Status ' + error.status + (error.status === 429 ? ': too many wrong passwords just now. ' : ': it could not read the gates; its log says why. ') + retry]);
	} else {
		link('stale', 'no answer' + since);
		if (!answered)
			talk('No answer', ['The exporter doesn’t answer. ' + retry]);
	}
	if (answered && failing === 3)
		speak(['No answer from the exporter. What is shown is old']);
	title();
}

// Nothing waits for it, and without it all figures but the chart are as new as ever.
async function past() {
	const every = 5000 * Math.max(1, gates.size); // a sample is taken every 5 s; many gates are many numbers
	if (remembering || !gates.size || performance.now() - historyAt < every - POLL / 2 && historyAt)
		return;
	historyAt = performance.now();
	remembering = true;
	try {
		const document = await ask('history');
		for (const view of gates.values())
			view.history(document.gates.find(one => one.gate === view.label) || null);
	} catch {
		gates.forEach(view => view.chart.old());
	}
	remembering = false;
}

async function poll() {
	if (asking || document.hidden)
		return;
	asking = true;
	clearTimeout(timer);
	const begun = performance.now();
	try {
		const [stats, status] = await Promise.all([ask('stats').then(document => ({ document, when: performance.now() })), ask('status')]);
		if (failing >= 3)
			speak(['The exporter answers again']);
		failing = 0;
		show(stats.document, status, stats.when);
		past();
		answered = Date.now();
		link('live', 'live · ' + clock.format(new Date(answered)));
	} catch (error) {
		trouble(error);
	}
	asking = false;
	schedule(begun);
}

function schedule(begun) {
	const first = [...gates.values()].some(view => view.samples.length < 2); // until there are rates
	const waits = failing && !$('token-form').hidden && token === null;
	if (!document.hidden && !waits)
		timer = setTimeout(poll, Math.max(250, (first && !failing ? POLL / 2 : POLL) - (performance.now() - begun)));
}

document.addEventListener('visibilitychange', () => {
	clearTimeout(timer);
	if (document.hidden)
		return;
	for (const view of gates.values()) // a rate over the time that nobody looked would be an old one
		view.samples.length = 0;
	historyAt = 0;
	poll();
});
$('token-form').addEventListener('submit', event => {
	event.preventDefault();
	const given = $('token').value.trim();
	if (/[^!-~]/.test(given)) { // no header can hold it
		const letter = [...given].find(one => /[^!-~]/.test(one));
		say($('token-fault'), 'This can’t be a token: “' + letter + '” is not a letter, digit or sign of ASCII. Was it copied whole, and nothing else?');
		$('token').setAttribute('aria-invalid', 'true');
		return;
	}
	say($('token-fault'), '');
	$('token').removeAttribute('aria-invalid');
	token = given || null;
	$('token').value = '';
	poll();
});
setInterval(() => document.hidden || gates.forEach(view => view.tick()), 500);
say($('where'), location.host);
poll();
