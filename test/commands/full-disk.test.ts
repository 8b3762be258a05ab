// A disk that fills up: one diagnostic, no partial file, and what was good before stays. Tried on a small tmpfs of its
// own where the system lets us mount one, and everywhere else with a limit on the size of a file.
import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { CLI, inFolder } from './run-cli.js';

const MODEL = 'models/cnn_mnist/model.onnx';
const bash = (script: string, ...words: string[]): { readonly code: number | null; readonly stdout: string; readonly stderr: string } => {
  const { status, stdout, stderr } = spawnSync(words[0], [...words.slice(1), '-c', script], { encoding: 'utf8' });
  return { code: status, stdout, stderr };
};
const spikeveil = (words: string): string => `"${process.execPath}" "${CLI}" ${words}`;
const mounts = process.platform === 'linux' && bash('mount -t tmpfs -o size=64k tmpfs /mnt', 'unshare', '-rm', 'bash').code === 0;

describe.skipIf(!mounts)(`a tmpfs that is full${mounts ? '' : ' (skipped: this system lets no test mount one)'}`, () => {
  /** Runs the script with FULL on a tmpfs of so many kilobytes; `ls` is what lies there afterwards. */
  const onTmpfs = (folder: string, kilobytes: number, script: string): { readonly code: number | null; readonly stderr: string; readonly ls: string } => {
    const full = join(folder, 'full');
    mkdirSync(full);
    const { code, stdout, stderr } = bash(`mount -t tmpfs -o size=${kilobytes}k tmpfs "${full}" && echo older > "${full}/m.spk"; ( ${script.replaceAll('FULL', full).replaceAll('DIR', folder)} ) > /dev/null; code=$?; ls -A "${full}" | tr '\\n' ' '; cat "${full}/m.spk"; exit $code`, 'unshare', '-rm', 'bash');
    return { code, stderr: stderr.replaceAll(full, 'FULL'), ls: stdout };
  };

  it('a program', () => inFolder((folder) => {
    expect(onTmpfs(folder, 100, spikeveil(`compile ${MODEL} -o FULL/m.spk --timesteps 2`))).toEqual({
      code: 1, ls: 'm.spk older\n',
      stderr: 'error[run/output-not-writable] in FULL/m.spk: the result cannot be written here: the disk is full (ENOSPC)\n  hint: name a file in a folder that exists and that you may write in, with room on its disk\n',
    });
    return Promise.resolve();
  }));

  it('a set of images', () => inFolder((folder) => {
    const { code, stderr, ls } = onTmpfs(folder, 100, spikeveil(`synthesise ${MODEL} -o FULL/m.spk --recipe procedural --count 300 --workers 1`));
    expect([code, ls]).toEqual([1, 'm.spk older\n']);
    expect(stderr).toMatch(/\nerror\[run\/output-not-writable\] in FULL\/m\.spk: the result cannot be written here: the disk is full \(ENOSPC\)\n/);
    return Promise.resolve();
  }));

  it('a second checkpoint: the first stays, and learning goes on from it where there is room', () => inFolder((folder) => {
    // a checkpoint has 2.4 MB, and two of them are needed while one takes the other's place
    const words = (checkpoint: string): string => spikeveil(`compile ${MODEL} -o DIR/m.spk --timesteps 1 --workers 1 --encrypt --learning-images 8 --batch 1 --epochs 3 --checkpoint ${checkpoint}`);
    const { code, stderr, ls } = onTmpfs(folder, 4000, `${words('FULL/c')}; code=$?; cp FULL/c DIR/c; ${words('DIR/c')} 2> DIR/again || exit 70; head -1 DIR/again >&2; exit $code`);
    expect([code, ls]).toEqual([1, 'c m.spk older\n']);
    expect(stderr).toMatch(/\nerror\[learn\/checkpoint-not-written\] in FULL\/c: the checkpoint cannot be written: the disk is full \(ENOSPC\); the checkpoint before it is untouched\n {2}hint: free some space, or name a file in a folder that you may write in\nlearning {2}11\/24 /);
    return Promise.resolve();
  }));
});

describe.skipIf(process.platform === 'win32')('a limit on the size of a file', () => {
  it('a program', () => inFolder((folder) => {
    const { code, stdout, stderr } = bash(`echo older > "${folder}/m.spk"; ( ulimit -f 100; ${spikeveil(`compile ${MODEL} -o "${folder}/m.spk" --timesteps 2`)} ); code=$?; ls -A "${folder}"; cat "${folder}/m.spk"; exit $code`, 'bash');
    expect([code, stdout]).toEqual([1, 'm.spk\nolder\n']);
    expect(stderr.replaceAll(folder, 'DIR')).toMatch(/^error\[run\/output-not-writable\] in DIR\/m\.spk: the result cannot be written here: the file would be larger than is allowed here \(EFBIG\)\n {2}hint: /);
    return Promise.resolve();
  }));
});
