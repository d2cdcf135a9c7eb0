// SPDX-License-Identifier: GPL-2.0-only
// What all of the page goes by: names and their words, elements, numbers for people, and asking the exporter.

const POLL = 2000, PATIENCE = 8000, WINDOW = 4500; // ms: between questions, for an answer, that a rate is taken over
const SPAN = 600, BIN = 10; // s: what the chart shows, and a bar of it
// As outcomes.h has them, in the order of the colours: tests/netns/page.bats holds them against docs/metrics.md.
const REASONS = {
	'no-rule': 'no rule for this protocol, port and direction',
	'address': 'a rule for this port, but not between these addresses',
	'bad-tcp-flags': 'TCP flags that no stack sends together',
	'malformed': 'a header that is cut short or contradicts itself',
	'martian': 'an address that cannot come from outside',
	'rate-limit': 'over the rule’s limit',
	'fragment': 'a fragment that cannot be judged',
	'payload': 'not the payload class that the rule enforces',
	'unrelated-icmp': 'an ICMP error about no allowed packet',
	'ethertype': 'neither IP nor a protocol in essentials',
	'extension-header': 'too many or misplaced IPv6 headers',
	'blocked': 'would have passed; the gate is blocked in emergency',
};
const KINDS = {
	'arp': 'ARP for IPv4 over Ethernet',
	'link-control': 'LACP, LLDP, 802.1X or spanning tree',
	'neighbor-discovery': 'IPv6 ND or MLD, on link only',
	'icmp-error': 'an ICMP error about an allowed conversation',
	'ping': 'an echo request, or the reply to one',
	'dhcp': 'DHCP of this host as a client',
	'fragment': 'a later fragment of a packet that passed',
};
const COLOURS = Object.keys(REASONS);
const colour = reason => 's' + (COLOURS.includes(reason) ? COLOURS.indexOf(reason) : COLOURS.length); // the last: all that are not known here

// ---- building blocks ----------------------------------------------------------------------------

const $ = id => document.getElementById(id);

// An element; what is a string among its children becomes text, never markup.
function el(tag, attributes, ...children) {
	const node = document.createElement(tag);
	for (const [name, value] of Object.entries(attributes || {}))
		node.setAttribute(name, value);
	node.append(...children);
	return node;
}

function svg(tag, attributes, ...children) {
	const node = document.createElementNS('http://www.w3.org/2000/svg', tag);
	for (const [name, value] of Object.entries(attributes || {}))
		node.setAttribute(name, value);
	node.append(...children);
	return node;
}

function say(node, text) {
	if (node.textContent !== text)
		node.textContent = text;
}

function mark(node, name, value) {
	if (node.getAttribute(name) !== value)
		node.setAttribute(name, value);
}

// ---- words and numbers --------------------------------------------------------------------------

const whole = new Intl.NumberFormat('en-US', { maximumFractionDigits: 0 });
const tenth = new Intl.NumberFormat('en-US', { maximumFractionDigits: 1 });

function number(value) {
	if (value < 1e7)
		return whole.format(value);
	return value < 1e9 ? (value / 1e6).toFixed(2) + ' M' : value < 1e12 ? (value / 1e9).toFixed(2) + ' G' : (value / 1e12).toFixed(2) + ' T';
}

// null: not known yet.
function rate(value) {
	if (value === null)
		return '–';
	return value < 9.95 ? tenth.format(value) : value < 1e5 ? whole.format(value) : (value / 1e6).toFixed(2) + ' M';
}

function bytes(value) {
	if (value === null)
		return '–';
	let unit = 0;
	for (; value >= 999.5 && unit < 6; unit++)
		value /= 1000;
	return (unit && value < 99.95 ? value.toFixed(1) : whole.format(value)) + ' ' + ['B', 'kB', 'MB', 'GB', 'TB', 'PB', 'EB'][unit];
}

const clock = new Intl.DateTimeFormat('en-GB', { hour: '2-digit', minute: '2-digit', second: '2-digit' });
const day = new Intl.DateTimeFormat('en-GB', { day: 'numeric', month: 'short', year: 'numeric' });

function moment(seconds) {
	const date = new Date(seconds * 1000);
	return (Math.abs(Date.now() - date) > 20 * 3600e3 ? day.format(date) + ', ' : '') + clock.format(date);
}

function span(seconds) {
	seconds = Math.max(0, Math.round(seconds));
	if (seconds < 60)
		return seconds + ' s';
	if (seconds < 3600)
		return Math.floor(seconds / 60) + ' min';
	if (seconds < 86400)
		return Math.floor(seconds / 3600) + ' h ' + Math.floor(seconds % 3600 / 60) + ' min';
	return Math.floor(seconds / 86400) + ' d ' + Math.floor(seconds % 86400 / 3600) + ' h';
}

function countdown(seconds) {
	seconds = Math.max(0, Math.ceil(seconds));
	const two = n => String(n).padStart(2, '0');
	return (seconds >= 3600 ? Math.floor(seconds / 3600) + ':' : '') + two(Math.floor(seconds / 60) % 60) + ':' + two(seconds % 60);
}

// ---- asking -------------------------------------------------------------------------------------

let token = null; // of bearer authentication; in this tab's memory alone
let ahead = 0;    // ms that the server's clock is ahead of ours
const now = () => (Date.now() + ahead) / 1000;

class Refusal extends Error {
	constructor(response) {
		super(response.status);
		this.status = response.status;
		this.bearer = /^bearer/i.test(response.headers.get('WWW-Authenticate') || '');
	}
}

async function ask(what) {
	const response = await fetch('api/v1/' + what, {
		headers: token ? { Authorization: 'Bearer ' + token } : {},
		cache: 'no-store', credentials: 'same-origin', redirect: 'error', signal: AbortSignal.timeout(PATIENCE),
	});
	if (!response.ok)
		throw new Refusal(response);
	const date = Date.parse(response.headers.get('Date'));
	if (date) // whole seconds: clocks that agree to within two are taken to be the same
		ahead = Math.abs(date + 500 - Date.now()) < 2000 ? 0 : date + 500 - Date.now();
	const answer = await response.json();
	if (answer.version !== 1 || !Array.isArray(answer.gates))
		throw new Error('an answer of another version');
	return answer;
}
