// SPDX-License-Identifier: GPL-2.0-only
// The port table, and those of reasons and kinds.

// ---- the port table -----------------------------------------------------------------------------

const COLUMNS = [
	['direction', 'Dir'], ['protocol', 'Protocol'], ['ports', 'Port'], ['from', 'From'], ['to', 'To'],
	['packets rate first', 'Packets/s'], ['replies rate', 'Replies/s'], ['bytes rate', 'Bytes/s'],
	['packets total first', 'Packets'], ['replies total', 'Replies'], ['bytes total', 'Bytes'], ['note', 'Note'],
];

class Row {
	constructor(rule) {
		this.rule = rule;
		this.key = 'rule ' + rule.direction + ' ' + rule.name + ' ';
		this.mismatches = el('span', { class: 'tag' });
		this.cells = {};
		const name = el('th', { scope: 'row', role: 'rowheader', class: 'name' }, rule.name);
		for (const [key, words] of [['peer_ports', 'other end '], ['limit', 'limit '], ['payload', 'payload ']])
			if (rule[key])
				name.append(' ', el('span', { class: 'asks' }, words + rule[key]));
		name.append(' ', this.mismatches);
		if (rule.reserve)
			name.append(' ', el('span', { class: 'tag' }, 'only in the former policy'));
		this.node = el('tr', { role: 'row', class: rule.reserve || rule.protocol === null ? 'former' : '' }, name);
		for (const [key, label] of COLUMNS) {
			const cell = el('td', { role: 'cell', 'data-label': label, class: / /.test(key) ? 'number ' + key.split(' ').slice(1).join(' ') : key });
			this.cells[key.replace(' first', '')] = cell;
			this.node.append(cell);
		}
		say(this.cells.direction, rule.direction);
		say(this.cells.protocol, rule.protocol || '');
		say(this.cells.from, rule.from);
		say(this.cells.to, rule.to);
		say(this.cells.note, rule.note || '');
		say(this.cells.ports, rule.ports);
		this.words = [rule.name, rule.direction, rule.protocol, rule.ports, rule.from, rule.to, rule.note].join(' ').toLowerCase();
	}

	update(rule, speed) {
		this.node.classList.toggle('idle', !rule.packets && !rule.reply_packets);
		const put = (key, text, zero) => {
			const cell = this.cells[key];
			say(cell, text);
			if (cell.classList.contains('zero') !== zero)
				cell.classList.toggle('zero', zero);
		};
		this.busy = 0;
		for (const [what, words] of [['packets', rate], ['replies', rate], ['bytes', bytes]]) {
			const value = speed(this.key + what);
			put(what + ' rate', words(value), !value);
			this.busy += value || 0;
		}
		put('packets total', number(rule.packets), !rule.packets);
		put('replies total', number(rule.reply_packets), !rule.reply_packets);
		put('bytes total', bytes(rule.bytes + rule.reply_bytes), !(rule.bytes + rule.reply_bytes));
		say(this.mismatches, rule.payload_mismatches ? number(rule.payload_mismatches) + ' payload mismatches' : '');
	}
}

class PortTable {
	constructor(id) {
		this.rows = [];
		this.search = el('input', { type: 'search', placeholder: 'name, port, address …', 'aria-label': 'Show rules that have' });
		this.busy = el('input', { type: 'checkbox' });
		this.shown = el('span', { class: 'quiet' });
		this.tools = el('div', { class: 'tools' }, this.search, el('label', {}, this.busy, 'with traffic now'), this.shown);
		this.body = el('tbody', { role: 'rowgroup' });
		const head = (text, more = {}) => el('th', { scope: 'col', role: 'columnheader', ...more }, text);
		const upper = el('tr', { role: 'row' }), lower = el('tr', { role: 'row' });
		upper.append(head('Rule', { rowspan: 2 }));
		for (const [key, label] of COLUMNS) {
			const [, kind, first] = key.split(' ');
			if (first)
				upper.append(el('th', { scope: 'colgroup', role: 'columnheader', colspan: 3, class: 'group' }, kind === 'rate' ? 'Per second' : 'Total'));
			if (kind)
				lower.append(head(label.replace('/s', ''), { class: 'number' + (first ? ' first' : '') }));
			else
				upper.append(head(label, { rowspan: 2 }));
		}
		const caption = el('caption', { id: id + '-ports' }, 'Port table: what may open a conversation');
		this.node = el('div', { class: 'rules' }, this.tools, el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': id + '-name ' + id + '-ports' },
			el('table', { role: 'table' }, caption, el('thead', { role: 'rowgroup' }, upper, lower), this.body)));
		this.search.addEventListener('input', () => this.filter());
		this.busy.addEventListener('change', () => this.filter());
	}

	update(rules, speed) {
		// what a rule says besides its counters: when that changes, the table is made anew
		const signature = JSON.stringify(rules.map(rule => [rule.name, rule.direction, rule.protocol, rule.ports, rule.from, rule.to, rule.peer_ports, rule.limit, rule.payload, rule.note, rule.reserve]));
		if (signature !== this.signature) {
			this.signature = signature;
			this.rows = rules.map(rule => new Row(rule));
			this.body.replaceChildren(...this.rows.map(row => row.node));
			this.tools.hidden = rules.length <= 12;
		}
		this.rows.forEach((row, i) => row.update(rules[i], speed));
		this.filter();
	}

	filter() {
		const words = this.search.value.toLowerCase().split(/\s+/).filter(Boolean);
		let shown = 0;
		for (const row of this.rows) {
			const hidden = !this.tools.hidden && ((this.busy.checked && !row.busy) || !words.every(word => row.words.includes(word)));
			if (row.node.hidden !== hidden)
				row.node.hidden = hidden;
			shown += !hidden;
		}
		say(this.shown, shown + ' of ' + this.rows.length + ' rules');
	}
}

// ---- reasons and kinds --------------------------------------------------------------------------

class Outcomes {
	constructor(what, title, meanings) {
		this.what = what;
		this.meanings = meanings;
		this.caption = el('caption', {}, title);
		this.body = el('tbody');
		this.never = el('p', { class: 'never' });
		const heads = ['In/s', 'In', 'Out/s', 'Out'].map(text => el('th', { scope: 'col', class: 'number' }, text));
		this.table = el('table', {}, this.caption, el('thead', {}, el('tr', {}, el('th', { scope: 'col' }, what === 'reason' ? 'Reason' : 'Kind'), ...heads)), this.body);
		this.node = el('div', {}, this.table, this.never);
		this.rows = new Map();
	}

	update(list, speed) {
		const never = [], seen = new Set();
		const named = new Map();
		for (const one of list)
			named.set(one[this.what], Object.assign(named.get(one[this.what]) || {}, { [one.direction]: one.packets }));
		for (const [name, counts] of named) {
			if (!counts.in && !counts.out) {
				never.push(name);
				continue;
			}
			seen.add(name);
			if (!this.rows.has(name)) {
				const cells = [1, 2, 3, 4].map(() => el('td', { class: 'number' }));
				const head = el('th', { scope: 'row' }, name, el('span', { class: 'means' }, this.meanings[name] || ''));
				this.rows.set(name, { node: el('tr', {}, head, ...cells), cells });
				this.body.append(this.rows.get(name).node);
			}
			const { cells } = this.rows.get(name);
			['in', 'out'].forEach((direction, i) => {
				const value = speed(this.what + ' ' + direction + ' ' + name);
				say(cells[2 * i], rate(value));
				say(cells[2 * i + 1], number(counts[direction] || 0));
				cells[2 * i].classList.toggle('zero', !value);
				cells[2 * i + 1].classList.toggle('zero', !counts[direction]);
			});
		}
		for (const [name, row] of this.rows)
			if (!seen.has(name)) {
				row.node.remove();
				this.rows.delete(name);
			}
		this.table.hidden = !this.rows.size;
		say(this.never, (this.rows.size ? 'Never: ' : this.caption.textContent + ': nothing yet. Counted are ') + never.join(', ') + '.');
		this.never.hidden = !never.length;
	}
}
