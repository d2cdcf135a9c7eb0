// SPDX-License-Identifier: GPL-2.0-only
// Sums over a gate, and the chart of the past ten minutes.

// ---- sums over a gate ---------------------------------------------------------------------------

function totals(gate) {
	const sum = { passed: { in: [0, 0], out: [0, 0] }, dropped: { in: [0, 0], out: [0, 0] } };
	const add = (where, packets, size) => { where[0] += packets; where[1] += size; };
	for (const rule of gate.rules) {
		add(sum.passed[rule.direction], rule.packets, rule.bytes);
		add(sum.passed[rule.direction === 'in' ? 'out' : 'in'], rule.reply_packets, rule.reply_bytes);
	}
	for (const one of gate.passed)
		add(sum.passed[one.direction], one.packets, one.bytes);
	for (const one of gate.drops)
		add(sum.dropped[one.direction], one.packets, one.bytes);
	return sum;
}

// Everything that counts, flat, so that a rate is a difference of two: counter -> number.
function counters(gate) {
	const flat = new Map(), sum = totals(gate);
	for (const what of ['passed', 'dropped'])
		for (const direction of ['in', 'out'])
			for (const i of [0, 1])
				flat.set(what + ' ' + direction + ' ' + i, sum[what][direction][i]);
	for (const rule of gate.rules) {
		const key = 'rule ' + rule.direction + ' ' + rule.name + ' ';
		flat.set(key + 'packets', rule.packets);
		flat.set(key + 'replies', rule.reply_packets);
		flat.set(key + 'bytes', rule.bytes + rule.reply_bytes);
	}
	for (const one of gate.passed)
		flat.set('kind ' + one.direction + ' ' + one.kind, one.packets);
	for (const one of gate.drops)
		flat.set('reason ' + one.direction + ' ' + one.reason, one.packets);
	return flat;
}

// ---- the past ten minutes -----------------------------------------------------------------------

// A counter at a moment, between two samples in proportion; null before the first.
function at(times, values, when) {
	if (!times.length || when < times[0])
		return null;
	if (when >= times[times.length - 1])
		return values[values.length - 1];
	let low = 0, high = times.length - 1;
	while (high - low > 1) {
		const middle = low + high >> 1;
		if (times[middle] <= when)
			low = middle;
		else
			high = middle;
	}
	const gap = times[high] - times[low];
	return gap > 0 ? values[low] + (values[high] - values[low]) * (when - times[low]) / gap : values[low];
}

// Bars begin at whole multiples of their width, so that they stay where they are while time goes on.
function bins(past) {
	const last = past.at[past.at.length - 1], end = Math.ceil(last / BIN) * BIN;
	const list = [];
	for (let begin = end - SPAN; begin < end; begin += BIN)
		list.push({ begin, from: Math.max(begin, past.at[0]), to: Math.min(begin + BIN, last) });
	return list;
}

// A second; null where nothing is known.
const rates = (past, list, values) => list.map(bin => bin.to > bin.from ?
	Math.max(0, at(past.at, values, bin.to) - at(past.at, values, bin.from)) / (bin.to - bin.from) : null);

function nice(most) {
	if (most <= 1)
		return 1;
	const power = 10 ** Math.floor(Math.log10(most));
	return [1, 2, 3, 4, 6, 8, 10].find(step => step * power >= most) * power;
}

class Chart {
	constructor(id) {
		this.title = el('h3', { id: id + '-chart' }, 'Dropped, last ten minutes');
		this.summary = el('span', { class: 'quiet', id: id + '-summary' });
		this.plot = svg('svg', { class: 'plot', role: 'img', 'aria-labelledby': id + '-chart ' + id + '-summary' });
		this.late = el('span', { class: 'late' });
		this.readout = el('span', { class: 'readout', 'aria-hidden': 'true' });
		this.legend = el('ul', { class: 'legend', 'aria-label': 'Reasons' });
		this.table = el('div', { class: 'scroll', tabindex: '0', role: 'region', 'aria-labelledby': id + '-name ' + id + '-chart' });
		this.details = el('details', {}, el('summary', {}, 'The chart as a table'), this.table);
		this.figure = el('figure', { class: 'chart' }, el('figcaption', {}, this.title, this.readout, this.summary, this.late), this.plot, this.legend, this.details);
		this.past = null;
		this.details.addEventListener('toggle', () => this.draw());
		this.plot.addEventListener('pointermove', event => this.point(event));
		this.plot.addEventListener('pointerleave', () => this.point(null));
		new ResizeObserver(() => this.draw()).observe(this.figure);
	}

	// No answer about the past came: what is shown of it is that of the last one.
	old() {
		const last = this.past && this.past.at[this.past.at.length - 1];
		say(this.late, 'The exporter does not tell the past just now' + (last ? ': the chart ends at ' + clock.format(new Date(last * 1000)) : '') + '.');
		this.draw();
	}

	update(past, monitor) {
		this.past = past;
		say(this.late, '');
		this.monitor = monitor;
		this.draw();
	}

	// Both directions of a reason together; those that were not seen are left out.
	collect() {
		const reasons = new Map();
		for (const one of this.past.drops) {
			const known = reasons.get(one.reason);
			reasons.set(one.reason, known ? known.map((value, i) => value + one.packets[i]) : one.packets);
		}
		this.bins = bins(this.past);
		this.series = COLOURS.concat([...reasons.keys()].filter(reason => !COLOURS.includes(reason)))
			.filter(reason => reasons.has(reason))
			.map(reason => {
				const values = reasons.get(reason);
				return { reason, values, rates: rates(this.past, this.bins, values), count: values[values.length - 1] - at(this.past.at, values, Math.max(this.bins[0].begin, this.past.at[0])) };
			})
			.filter(one => one.count > 0);
		this.sums = this.bins.map((bin, i) => this.series.reduce((sum, one) => sum + (one.rates[i] || 0), 0));
	}

	draw() {
		const width = this.plot.clientWidth, height = this.plot.clientHeight;
		if (!width || !height)
			return;
		say(this.title, this.monitor ? 'Would be dropped, last ten minutes' : 'Dropped, last ten minutes');
		if (!this.past || this.past.at.length < 2) {
			this.bins = null;
			this.plot.replaceChildren();
			this.legend.replaceChildren();
			say(this.summary, this.late.textContent ? '' : 'The exporter takes its first samples.');
			return;
		}
		this.collect();
		const left = 46, bottom = 20, top = 8, right = 4;
		const most = nice(Math.max(...this.sums)), x = i => left + (width - left - right) * i / this.bins.length;
		const y = value => top + (height - top - bottom) * (1 - value / most);
		const parts = [];
		for (const share of [0, .5, 1]) {
			const place = Math.round(y(share * most)) + .5;
			parts.push(svg('line', { class: 'grid', x1: left, x2: width - right, y1: place, y2: place }));
			parts.push(svg('text', { x: left - 6, y: place + 4, 'text-anchor': 'end' }, rate(share * most) + '/s'));
		}
		const step = width < 500 ? 240 : 120;
		this.bins.forEach((bin, i) => {
			if (bin.begin % step === 0 && x(i) < width - right - 30)
				parts.push(svg('text', { x: x(i), y: height - 5, 'text-anchor': i < 4 ? 'start' : 'middle' }, clock.format(new Date(bin.begin * 1000)).slice(0, 5)));
		});
		this.bins.forEach((bin, i) => {
			let base = 0;
			for (const one of this.series) {
				const value = one.rates[i];
				if (!value)
					continue;
				const upper = y(base + value), lower = y(base);
				parts.push(svg('rect', { class: colour(one.reason), x: (x(i) + .5).toFixed(1), width: Math.max(1, x(1) - x(0) - 1).toFixed(1), y: upper.toFixed(1), height: Math.max(.5, lower - upper).toFixed(1) }));
				base += value;
			}
		});
		this.cursor = svg('rect', { class: 'cursor', y: top, height: height - top - bottom, width: x(1) - x(0), x: -100 });
		this.x = x;
		this.plot.setAttribute('viewBox', '0 0 ' + width + ' ' + height);
		this.plot.replaceChildren(...parts, this.cursor);
		this.words();
		this.tell(this.pointed);
		if (this.details.open)
			this.tabulate();
	}

	words() {
		const count = this.series.reduce((sum, one) => sum + one.count, 0), peak = this.sums.indexOf(Math.max(...this.sums));
		const most = [...this.series].sort((a, b) => b.count - a.count)[0];
		const since = this.past.at[0] > this.bins[1].begin ? ' since ' + clock.format(new Date(this.past.at[0] * 1000)) : '';
		say(this.summary, count < .5 ? 'Nothing' + since + '.' : number(count) + (Math.round(count) === 1 ? ' packet' : ' packets') + since + ', most by ' + most.reason + '; peak ' + rate(this.sums[peak]) +
			'/s at ' + clock.format(new Date(this.bins[peak].begin * 1000)) + '.');
		const entries = this.series.map(one => el('li', {}, svg('svg', { viewBox: '0 0 12 12', 'aria-hidden': 'true' }, svg('rect', { class: colour(one.reason), width: 12, height: 12, rx: 2 })),
			el('span', {}, one.reason + ' ', el('span', { class: 'quiet' }, number(one.count)))));
		this.legend.replaceChildren(...entries);
	}

	point(event) {
		const box = this.plot.getBoundingClientRect();
		this.pointed = event && this.bins ? Math.floor((event.clientX - box.left - this.x(0)) / (this.x(1) - this.x(0))) : undefined;
		this.tell(this.pointed);
	}

	tell(index) {
		const bin = this.bins && this.bins[index];
		if (!bin) {
			if (this.cursor)
				this.cursor.setAttribute('x', -100);
			say(this.readout, '');
			return;
		}
		this.cursor.setAttribute('x', this.x(index));
		const shown = this.series.filter(one => one.rates[index] > 0).sort((a, b) => b.rates[index] - a.rates[index]);
		say(this.readout, clock.format(new Date(bin.begin * 1000)) + '  ' + (bin.to <= bin.from ? 'not known' : shown.length ? shown.map(one => one.reason + ' ' + rate(one.rates[index]) + '/s').join(', ') : 'nothing'));
	}

	// A row a minute, the latest first.
	tabulate() {
		const last = this.past.at[this.past.at.length - 1], first = this.past.at[0], rows = [];
		const head = el('tr', {}, el('th', { scope: 'col' }, 'minute that ends'), ...this.series.map(one => el('th', { scope: 'col', class: 'number' }, one.reason)));
		for (let end = last; end > last - SPAN && end > first; end -= 60) {
			const begin = Math.max(end - 60, first);
			rows.push(el('tr', {}, el('th', { scope: 'row' }, clock.format(new Date(end * 1000))), ...this.series.map(one =>
				el('td', { class: 'number' }, whole.format(Math.max(0, at(this.past.at, one.values, end) - at(this.past.at, one.values, begin)))))));
		}
		this.table.replaceChildren(this.series.length ? el('table', {}, el('caption', {}, 'Packets dropped, by reason'), el('thead', {}, head), el('tbody', {}, ...rows)) : el('p', {}, 'Nothing was dropped.'));
	}
}
