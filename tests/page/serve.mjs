// SPDX-License-Identifier: GPL-2.0-only
// One browser for all tests of the page, which takes seconds to start: node tests/page/serve.mjs SOCKET
// POST /FILE/TEST?origin=... runs tests/page/FILE.mjs's TEST: 200, or 500 and what it failed by.
import { createServer } from 'node:http';
import { attempt, browse } from './lib.mjs';

let browser = await browse();
const files = {};
for (const file of ['auth', 'layout', 'live', 'states'])
	files[file] = (await import(`./${file}.mjs`)).default;

async function answer(request, response) {
	const url = new URL(request.url, 'http://page'), [, file, name] = url.pathname.split('/');
	const test = files[file]?.[name];
	if (!browser.isConnected())
		browser = await browse();
	const failed = test ? await attempt(browser, name, test, Object.fromEntries(url.searchParams)) : `no such test: ${url.pathname}\n`;
	response.writeHead(failed ? 500 : 200).end(failed);
}

// what a page that was closed had still begun
process.on('unhandledRejection', error => console.error(error));

const server = createServer(answer);
server.listen(process.argv[2]);
process.on('SIGTERM', async () => {
	await browser.close();
	process.exit();
});
