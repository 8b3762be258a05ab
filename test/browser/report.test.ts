import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { chromium, type Browser, type Page } from 'playwright-core';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { formatCount, formatJoules, formatPercent, formatSeconds } from '../../src/report/quantities.js';
import { compareVariants } from '../../src/report/comparison.js';
import { renderComparison } from '../../src/report/comparison-page.js';
import { renderReport } from '../../src/report/html-report.js';
import type { RunRecord } from '../../src/report/run-schema.js';
import { madeUpRun } from '../report/made-up-run.js';
import { findChromium } from './find-chromium.js';

const path = findChromium();
if (path === null) console.log('skipped: the report is not opened in a browser, because no Chromium was found (set CHROME_PATH to one)');

/** Everything that must not happen while a page is open. */
interface Watched { readonly page: Page; readonly complaints: readonly string[]; readonly requests: readonly string[] }

describe.skipIf(path === null)('the report in headless Chromium', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spikeveil-page-'));
  const attack = '"><script>document.title="broken"</script><img src=http://127.0.0.1:9/x onerror=document.title="broken">';
  let browser: Browser;
  let record: RunRecord;
  const files = { plain: join(folder, 'plain.html'), hostile: join(folder, 'hostile.html'), chips: join(folder, 'chips.html'), comparison: join(folder, 'comparison.html') };

  beforeAll(async () => {
    record = madeUpRun();
    writeFileSync(files.plain, await renderReport(record));
    writeFileSync(files.hostile, await renderReport(madeUpRun({ modelName: attack, layerName: (name) => `${attack}${'long'.repeat(40)}${name}` })));
    writeFileSync(files.chips, await renderReport(madeUpRun({ target: 'loihi1', perCore: 500 })));
    writeFileSync(files.comparison, await renderComparison(compareVariants([{ name: `${attack}${'long'.repeat(20)}`, record }, { name: 'again', record }], []), { tool: '0.1.0', notes: [attack] }));
    browser = await chromium.launch({ executablePath: path ?? '', args: ['--no-sandbox', '--disable-gpu', '--disable-dev-shm-usage'] });
  });
  afterAll(async () => {
    await browser?.close();
    rmSync(folder, { recursive: true });
  });

  async function open(file: string, width: number, colorScheme: 'light' | 'dark' = 'light'): Promise<Watched> {
    const page = await browser.newPage({ viewport: { width, height: 900 }, colorScheme });
    const complaints: string[] = [];
    const requests: string[] = [];
    page.on('console', (message) => complaints.push(message.text()));
    page.on('pageerror', (error) => complaints.push(String(error)));
    page.on('request', (request) => { if (!/^(file|data):/.test(request.url())) requests.push(request.url()); });
    await page.goto(pathToFileURL(file).href, { waitUntil: 'load' });
    return { page, complaints, requests };
  }

  it.each([[400, 'light'], [400, 'dark'], [1280, 'light'], [1280, 'dark']] as const)('%i px, %s: nothing overflows, nothing complains, nothing is fetched', async (width, scheme) => {
    for (const file of Object.values(files)) {
      const { page, complaints, requests } = await open(file, width, scheme);
      const across = await page.evaluate('[document.documentElement.scrollWidth, window.innerWidth]') as readonly [number, number];
      expect(across[0], file).toBeLessThanOrEqual(across[1]);
      expect(complaints).toEqual([]);
      expect(requests).toEqual([]);
      await page.close();
    }
  });

  it.each([400, 1280])('%i px: every plot is visible and has its marks', async (width) => {
    const { page } = await open(files.plain, width);
    const shown = async (plot: string): Promise<string> => {
      const drawing = page.locator(`[data-plot="${plot}"] svg:visible`);
      expect(await drawing.count(), plot).toBe(1);
      const box = await drawing.boundingBox();
      expect(box?.width, plot).toBeGreaterThan(200);
      expect(box?.height, plot).toBeGreaterThan(100);
      return `[data-plot="${plot}"] svg:visible`;
    };
    const spiking = record.layers.filter((l) => l.neuron !== 'integrator').length;
    const priced = record.energy.perInference.lines.filter((l) => l.joules > 0).length;
    const line = await page.locator(`${await shown('accuracy')} .mark-line path`).getAttribute('d');
    expect(line?.split('L')).toHaveLength(record.accuracy.byStep.length);
    expect(await page.locator(`${await shown('rates')} .mark-rect path`).count()).toBe(spiking);
    expect(await page.locator(`${await shown('energy')} .mark-rect path`).count()).toBe(priced + 1 + record.energy.baselines.length);
    expect(await page.locator(`${await shown('mesh')} .mark-rect path`).count()).toBe(record.cores.length + record.compilation.chipsUsed);
    const raster = await page.locator(`${await shown('raster')} .mark-line path`).evaluateAll((paths) => paths.map((p) => p.getAttribute('d') ?? '').join(''));
    expect(raster.split('M').length - 1).toBe(record.raster?.layer.length);
    await page.close();
  });

  it('the numbers in front are those of the record', async () => {
    const { page } = await open(files.plain, 1280);
    const { energy, accuracy, compilation, simulation } = record;
    const plain = (text: string): string => text.replaceAll('\u00a0', ' ');
    expect((await page.locator('.facts dd.figure').allInnerTexts()).map(plain)).toEqual([
      formatPercent(accuracy.correct / 1000), formatPercent(accuracy.ann ?? 0), formatJoules(energy.perInference.totalJoules),
      formatSeconds(energy.latencySeconds ?? 0), String(compilation.coresUsed), formatCount(simulation.spikes),
    ]);
    const rows = page.locator('[aria-label="Energy by line"] tbody tr');
    const beside = (energy.perInference.beside ?? []).filter((line) => line.joules > 0);
    expect(await rows.count()).toBe(energy.perInference.lines.length + 1 + beside.length);
    expect(plain(await rows.nth(energy.perInference.lines.length).innerText())).toContain(formatJoules(energy.perInference.totalJoules));
    expect(await page.locator('[aria-label="Layers"] tbody tr').count()).toBe(record.layers.length + 2);
    await page.close();
  });

  it('a hostile name is read as text', async () => {
    const { page } = await open(files.hostile, 1280);
    expect(await page.title()).toBe(`${attack} on ${record.compilation.target.title}`);
    expect(await page.locator('script, img').count()).toBe(0);
    expect(await page.locator('h1').innerText()).toContain('<script>');
    await page.close();
  });

  it('dark and light differ, paper is white, tables scroll in their own box', async () => {
    const background = (page: Page): Promise<string> => page.evaluate('getComputedStyle(document.body).backgroundColor') as Promise<string>;
    const light = await open(files.plain, 400);
    const dark = await open(files.plain, 400, 'dark');
    expect(await background(light.page)).not.toBe(await background(dark.page));
    const bar = (page: Page): Promise<string> => page.locator('[data-plot="rates"] svg:visible .mark-rect path').first().evaluate((mark) => getComputedStyle(mark).fill);
    expect(await bar(light.page)).toMatch(/^rgb/);
    expect(await bar(light.page)).not.toBe(await bar(dark.page));
    expect(await light.page.locator('[aria-label="Layers"]').evaluate((box) => [getComputedStyle(box).overflowX, box.scrollWidth > box.clientWidth])).toEqual(['auto', true]);
    await dark.page.emulateMedia({ media: 'print' });
    expect(await background(dark.page)).toBe('rgb(255, 255, 255)');
    await light.page.close();
    await dark.page.close();
  });
});
