// SPDX-License-Identifier: GPL-2.0-only
// A gate: its head, notices, tiles, chart and tables.

class Tile {
	constructor(label, kind) {
		this.label = el('dt', {}, label);
		this.figure = el('dd', { class: 'figure' });
		this.more = el('dd', { class: 'more' });
		this.drawn = svg('svg', { 'aria-hidden': 'true', viewBox: '0 0 120 28', preserveAspectRatio: 'none' });
		this.node = el('div', { class: 'tile ' + kind }, this.label, this.figure, this.more, el('dd', {}, this.drawn));
	}

	show(figure, unit, more) {
		const text = figure + unit;
		if (this.text !== text)
			this.figure.replaceChildren(figure, el('small', {}, unit));
		this.text = text;
		say(this.more, more);
	}

	spark(values) {
		const most = Math.max(...values.map(value => value || 0)) || 1;
		let path = '', pen = 'M';
		values.forEach((value, i) => {
			path += value === null ? '' : pen + (120 * (i + .5) / values.length).toFixed(1) + ' ' + (26.5 - 25 * value / most).toFixed(1);
			pen = value === null ? 'M' : 'L';
		});
		this.drawn.replaceChildren(svg('path', { class: 'spark', d: path || 'M0 26.5' }));
	}

	meter(share, level) {
		this.drawn.replaceChildren(svg('rect', { class: 'full', y: 16, height: 8, width: 120 }), svg('rect', { class: 'fill', 'data-level': level, y: 16, height: 8, width: Math.min(120, Math.max(share ? 1 : 0, 120 * share)) }));
	}
}

let views = 0;

class GateView {
	constructor(label) {
		const id = 'g' + ++views;
		this.id = id;
		this.label = label;
		this.samples = [];
		this.keys = new Set();
		this.mode = el('span', { class: 'mode' });
		this.about = el('p');
		this.notices = el('div', { class: 'notices' });
		this.tiles = {
			'passed in': new Tile('Passed in', ''), 'passed out': new Tile('Passed out', ''),
			'dropped in': new Tile('Dropped in', 'drops'), 'dropped out': new Tile('Dropped out', 'drops'),
		};
		this.flows = new Tile('Flows', '');
		this.chart = new Chart(id);
		this.ports = new PortTable(id);
		this.drops = new Outcomes('reason', 'Dropped, by reason', REASONS);
		this.kinds = new Outcomes('kind', 'Passed besides the rules', KINDS);
		this.node = el('section', { class: 'card gate', id, 'aria-labelledby': id + '-name' },
			el('div', { class: 'head' }, el('h2', { id: id + '-name' }, label), this.mode, this.about), this.notices,
			el('dl', { class: 'tiles' }, ...Object.values(this.tiles).map(tile => tile.node), this.flows.node),
			this.chart.figure, this.ports.node, el('div', { class: 'pair' }, this.drops.node, this.kinds.node));
	}

	// A second, over the last few; null: not known yet.
	speed(key) {
		const last = this.samples[this.samples.length - 1], first = this.samples[0];
		const then = first.counts.get(key), value = last.counts.get(key);
		if (last === first || then === undefined || value === undefined || value < then)
			return null;
		return (value - then) * 1000 / (last.when - first.when);
	}

	update(stats, status, when) {
		if (this.created !== status.created_at)
			this.samples = [];
		this.created = status.created_at;
		this.samples.push({ when, counts: counters(stats) });
		while (this.samples.length > 2 && when - this.samples[0].when > WINDOW)
			this.samples.shift();
		this.stats = stats;
		this.status = status;
		const speed = key => this.speed(key);
		this.head();
		this.figures(speed);
		this.ports.update(stats.rules, speed);
		this.drops.update(stats.drops, speed);
		this.kinds.update(stats.passed, speed);
		say(this.drops.caption, status.mode === 'monitor' ? 'Would be dropped, by reason' : 'Dropped, by reason');
	}

	head() {
		const { status, stats } = this, [level, words] = MODES[status.mode] || ['warn', status.mode];
		say(this.mode, words);
		mark(this.mode, 'data-level', level);
		const facts = [status.policy ? 'policy ' + status.policy : 'no policy'];
		if (status.applied_at)
			facts.push('in force for ' + span(now() - status.applied_at));
		facts.push(status.interfaces.map(one => one.name + ' (' + one.facing + ', ' + one.xdp + ' XDP' + (one.tc ? ', ' + one.tc : '') + ')').join(', '));
		say(this.about, facts.join(' · '));
		this.list = findings(status, stats.flows);
		this.level = worst([[level], ...this.list]);
		mark(this.node, 'data-level', this.level === 'info' ? 'good' : this.level);
		const made = this.list.map(notice);
		const signature = made.map(node => node.dataset.level + node.textContent).join('\n');
		if (signature !== this.signature)
			this.notices.replaceChildren(...made);
		this.signature = signature;
		this.tick();
	}

	// Once a second: what runs down.
	tick() {
		const timer = this.notices.querySelector('.timer');
		if (timer)
			say(timer, countdown(this.status.confirm_deadline - now()));
	}

	figures(speed) {
		for (const [key, tile] of Object.entries(this.tiles)) {
			const [what, direction] = key.split(' ');
			say(tile.label, (what === 'passed' ? 'Passed ' : this.status.mode === 'monitor' ? 'Would drop ' : 'Dropped ') + direction);
			tile.show(rate(speed(key + ' 0')), ' packets/s', bytes(speed(key + ' 1')) + '/s');
		}
		const { entries, max } = this.stats.flows, list = rooms(this.stats.flows), share = Math.max(...list.map(one => one[1]));
		this.flows.show(number(entries), ' of ' + number(max), list.map(one => one[0] + ' ' + tenth.format(100 * one[1]) + ' %').join(', ') + ' of its half');
		this.flows.meter(share, share >= .95 ? 'bad' : share >= .8 ? 'warn' : 'good');
	}

	history(past) {
		this.chart.update(past, this.status.mode === 'monitor');
		if (!past || past.at.length < 2)
			return;
		const list = bins(past);
		for (const direction of ['in', 'out']) {
			const passed = past.passed.find(one => one.direction === direction);
			const drops = past.drops.filter(one => one.direction === direction);
			this.tiles['passed ' + direction].spark(rates(past, list, passed.packets));
			this.tiles['dropped ' + direction].spark(rates(past, list, past.at.map((_, i) => drops.reduce((sum, one) => sum + one.packets[i], 0))));
		}
	}

	// What is new since the last look, in words for who listens.
	news() {
		const keys = new Set(this.list.map(one => one[1])), told = [];
		for (const [, key, headline] of this.list)
			if (!this.keys.has(key))
				told.push(this.label + ': ' + headline);
		for (const key of this.keys)
			if (!keys.has(key))
				told.push(this.label + ': no longer ' + ({ confirm: 'waiting for a confirm', monitor: 'in monitor mode', block: 'blocked', open: 'open', none: 'without a policy' }[key] || key));
		this.keys = keys;
		return told;
	}
}
