// SPDX-License-Identifier: GPL-2.0-only
// What stands out in a gate, the worst first: from what status says of it.

const command = (verb, gate) => (gate.netns ? 'edgegate --netns ' + gate.netns + ' ' : 'edgegate ') + verb + ' -i ' + gate.interfaces[0].name;
const code = text => el('code', {}, text);

const MODES = {
	enforce: ['good', 'enforcing'], monitor: ['warn', 'monitor: drops nothing'], block: ['bad', 'EMERGENCY: BLOCKED'],
	open: ['bad', 'EMERGENCY: OPEN'], none: ['bad', 'NO POLICY'],
};

const PLACES = { gone: 'it is gone', anew: 'it was made anew' };

// [level, key, headline, rest...]; the key says whether it is news.
function emergency(gate, list) {
	const back = ['Back to the policy', gate.policy_mode === 'monitor' ? ' (monitor): ' : ': ', code(command('resume', gate))];
	if (gate.mode === 'block')
		list.push(['bad', 'block', 'Emergency block', 'All is dropped but essentials' + (gate.keeps_session ? ' and the session that was kept. ' : '. '), ...back]);
	if (gate.mode === 'open')
		list.push(['bad', 'open', 'Emergency open', 'Everything passes, and is counted. ', ...back]);
	if (gate.mode === 'none')
		list.push(['bad', 'none', 'No policy is in force', 'Everything passes, uncounted. Put one into force: ', code(command('apply', gate) + ' POLICY')]);
	if (gate.mode === 'monitor')
		list.push(['warn', 'monitor', 'Monitor mode', 'Nothing is dropped: “dropped” is what enforcing would cut.']);
}

function interfaces(gate, list) {
	for (const one of gate.interfaces) {
		if (PLACES[one.place] || !one.present)
			list.push(['bad', 'lost ' + one.name, one.name + ' is not guarded', (PLACES[one.place] || 'something of what was attached to it is missing') +
				'. Apply again: ', code(command('apply', gate))]);
		else if (one.place === 'moved')
			list.push(['warn', 'moved ' + one.name, one.name + ' was moved', 'to another network namespace' + (one.moved_to ? ', where it is ' + one.moved_to : '') + '; its programs went with it']);
		for (const filter of one.filters_ahead || [])
			list.push(['warn', 'ahead ' + one.name, 'Ahead of the gate on ' + one.name, (filter.name || 'a filter') + ' (' + filter.hook +
				(filter.program ? ', program ' + filter.program : '') + ') sees packets first, and can let them pass unjudged']);
		if (one.former_name)
			list.push(['info', 'renamed ' + one.name, one.name + ' was renamed', 'at the last apply it was ' + one.former_name]);
	}
}

// Each address family has a table of its own, half of all the room there is: how full it is, 0 to 1.
const rooms = flows => [['IPv4', flows.ipv4], ['IPv6', flows.ipv6]].map(([name, entries]) => [name, flows.max ? entries / (flows.max / 2) : 0]);

function findings(gate, flows) {
	const list = [];
	emergency(gate, list);
	if (gate.confirm_deadline !== null)
		list.push(['warn', 'confirm', 'Waits for a confirm', 'Then ' + (gate.former_policy ? 'the former policy, ' + gate.former_policy + ',' : 'the former state') +
			' comes back by itself. Keep this one: ', code(command('confirm', gate))]);
	interfaces(gate, list);
	if (gate.drift)
		list.push(['bad', 'drift', 'Drift', 'What is in force is not what was applied: somebody has written to ' + gate.drifted.join(', ') + '. Put it right: ', code(command('apply', gate))]);
	if (gate.rolled_back)
		list.push(['warn', 'rolled back', 'Rolled back', 'The last apply was taken back ' + (gate.rolled_back.by === 'deadline' ? 'because no confirm came' : 'by command') +
			', ' + moment(gate.rolled_back.at)]);
	for (const [name, share] of rooms(flows))
		if (share >= .8)
			list.push(['warn', 'short of room for ' + name, 'Flows of ' + name, 'Their table is ' + Math.round(100 * share) + ' % full; when it is, those used least recently go']);
	if (!gate.programs.current)
		list.push(['info', 'programs', 'Other programs', 'attached by edgegate ' + (gate.programs.version || 'of another version') + '; an apply exchanges them']);
	return list.sort((a, b) => LEVELS.indexOf(b[0]) - LEVELS.indexOf(a[0])); // the worst first
}

const LEVELS = ['good', 'info', 'warn', 'bad'];
const worst = list => list.reduce((level, one) => LEVELS.indexOf(one[0]) > LEVELS.indexOf(level) ? one[0] : level, 'good');

function notice([level, key, headline, ...rest]) {
	const parts = [el('strong', {}, headline)];
	if (key === 'confirm')
		parts.push(el('span', { class: 'timer', role: 'timer', 'aria-label': 'time left' }));
	return el('div', { class: 'notice', 'data-level': level }, ...parts, el('span', {}, ...rest));
}
