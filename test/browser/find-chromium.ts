/** Where a Chromium lies on usual machines. */
import { accessSync, constants } from 'node:fs';

const USUAL = [
  '/usr/bin/chromium', '/usr/bin/chromium-browser', '/usr/bin/google-chrome', '/usr/bin/google-chrome-stable', '/snap/bin/chromium',
  '/Applications/Google Chrome.app/Contents/MacOS/Google Chrome', '/Applications/Chromium.app/Contents/MacOS/Chromium',
  'C:\\Program Files\\Google\\Chrome\\Application\\chrome.exe',
];

/** The path named by CHROME_PATH, or the first usual one that can be run, or null. */
export function findChromium(): string | null {
  const named = process.env['CHROME_PATH'];
  const runs = (path: string): boolean => {
    try {
      accessSync(path, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  };
  return [...(named === undefined ? [] : [named]), ...USUAL].find(runs) ?? null;
}
