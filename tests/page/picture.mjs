// SPDX-License-Identifier: GPL-2.0-only
// The picture of tests/page/picture: node tests/page/picture.mjs FILE
import { writeFileSync } from 'node:fs';
import { browse, open, close, until, demand } from './lib.mjs';

const browser = await browse(), [, , file] = process.argv;
const page = await open(browser, { viewport: { width: 1200, height: 880 }, colorScheme: 'light' });
await until(async () => /\d/.test(await page.locator('.rules td.rate').first().innerText()), 'rates');
await page.waitForTimeout(6000); // a rate over as long as the page takes one
// as much of it as 100 kB hold
let picture = await page.screenshot();
for (let height = 860; picture.length > 100_000; height -= 20) {
	demand(height >= 600, `${file} would have ${picture.length} bytes`);
	picture = await page.screenshot({ clip: { x: 0, y: 0, width: 1200, height } });
}
writeFileSync(file, picture);
await close(page);
await browser.close();
process.exit();
