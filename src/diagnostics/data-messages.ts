/** What can be wrong with a data set that the user names: the spec, its files, and the images and labels inside. See ../diagnostics.ts. */

const list = (names: readonly string[]): string => names.join(', ');

const error = <P>(message: (p: P) => string, hint: (p: P) => string): { severity: 'error'; message: typeof message; hint: typeof hint } => ({ severity: 'error', message, hint });

export const dataMessages = {
  'data/unknown-scheme': error(
    (p: { spec: string; schemes: readonly string[] }) => `the data spec "${p.spec}" does not begin with a known kind of data`,
    (p) => `write KIND:PATH; the kinds are ${list(p.schemes)}`,
  ),
  'data/bad-spec': error(
    (p: { spec: string; problem: string; form: string }) => `the data spec "${p.spec}" ${p.problem}`,
    (p) => `write ${p.form}`,
  ),
  'data/bad-selection': error(
    (p: { text: string; problem: string }) => `the selection "${p.text}" ${p.problem}`,
    () => 'behind the data write a colon and numbers that count from 0, for example :0-9999 or :0-499,1000-1499, or :@FILE with one number or range a line',
  ),
  'data/missing': error(
    (p: { wanted: string; looked: readonly string[] }) => `${p.wanted} is not there`,
    (p) => (p.looked.length > 1 ? `looked for ${list(p.looked)}` : 'check the path; it is taken from the folder the command runs in'),
  ),
  'data/unreadable': error(
    (p: { reason: string }) => `the file cannot be read: ${p.reason}`,
    () => 'name a regular file that you may read',
  ),
  'data/too-large': error(
    (p: { limit: number; packed: boolean }) => `the data ${p.packed ? 'inflate to' : 'are'} more than ${p.limit} bytes`,
    (p) => (p.packed ? 'the file is damaged or was made to fill the memory; unpack it by hand if you trust it' : 'split the file and use one part'),
  ),
  'data/broken-gzip': error(
    (p: { reason: string }) => `the file is not a whole gzip file: ${p.reason}`,
    () => 'copy or download it again; a file that is not packed must not end in .gz',
  ),
  'data/bad-magic': error(
    (p: { found: string; wanted: string; format: string }) => `the file begins with ${p.found}, an ${p.format} begins with ${p.wanted}`,
    (p) => `name an ${p.format}; images come before labels in the spec`,
  ),
  'data/wrong-size': error(
    (p: { found: number; wanted: string }) => `the data are ${p.found} bytes long, they should be ${p.wanted}`,
    () => 'the file is cut short, or it is of another format; copy it again or name its format in the spec',
  ),
  'data/empty': error(
    (p: { what: string }) => `there is no image in it: ${p.what}`,
    () => 'a data set needs at least one image',
  ),
  'data/label-range': error(
    (p: { index: number; label: number; classes: number; bad: number }) => `label ${p.label} of image ${p.index} is not a class from 0 to ${p.classes - 1} (${p.bad} such label${p.bad === 1 ? '' : 's'})`,
    () => 'labels are class numbers that count from 0; check that the file is of the data set you named',
  ),
  'data/count-differs': error(
    (p: { images: number; labels: number }) => `there are ${p.images} images but ${p.labels} labels`,
    () => 'name the label file that belongs to these images (test with test, training with training)',
  ),
  'data/npy-header': error(
    (p: { problem: string }) => `the npy header ${p.problem}`,
    () => 'write the file with numpy.save(path, array)',
  ),
  'data/npy-type': error(
    (p: { type: string; allowed: readonly string[]; role: 'images' | 'labels' }) => `the ${p.role} are stored as "${p.type}"; ${list(p.allowed)} can be read`,
    (p) => `convert with array.astype("${p.role === 'images' ? 'uint8" or "float32' : 'int64'}")`,
  ),
  'data/npy-order': error(
    () => 'the array is stored column by column (Fortran order)',
    () => 'save numpy.ascontiguousarray(array) instead',
  ),
  'data/npy-shape': error(
    (p: { shape: readonly number[]; wanted: string }) => `the array has the shape (${list(p.shape.map(String))}); ${p.wanted} can be read`,
    () => 'reshape the array before it is saved; 1 to 4 channels, in front of or behind rows and columns',
  ),
  'data/not-finite': error(
    (p: { index: number; value: number }) => `a pixel of image ${p.index} is ${p.value}`,
    () => 'pixels must be finite numbers; clean the array before it is saved',
  ),
  'data/mat-broken': error(
    (p: { problem: string }) => `the file cannot be read as a MATLAB file: ${p.problem}`,
    () => 'save it again in MATLAB with save(file, ..., "-v7") or in Python with scipy.io.savemat',
  ),
  'data/mat-version': error(
    (p: { version: string }) => `the MATLAB file has version ${p.version}; level 5 files (-v6 and -v7) can be read`,
    () => 'save it again with save(file, ..., "-v7"); a file of -v7.3 is HDF5',
  ),
  'data/mat-variables': error(
    (p: { found: readonly string[] }) => `the MATLAB file has no array of images beside a vector with a label for each${p.found.length === 0 ? ': it holds no numbers' : `; it holds ${list(p.found)}`}`,
    () => 'images are pixels x N or N x pixels (square ones), H x W x N or H x W x C x N; labels are a row or a column of N',
  ),
  'data/no-classes': error(
    () => 'the folder has no folder in it',
    () => 'put the images of each class in a folder of its own: DIR/cat/1.png, DIR/dog/1.png, ...; classes are numbered in the order of the names',
  ),
  'data/image-type': error(
    (p: { files: readonly string[]; count: number }) => `${p.count} file${p.count === 1 ? ' is' : 's are'} not PNG: ${list(p.files)}${p.count > p.files.length ? ', ...' : ''}`,
    () => 'convert them to PNG or move them elsewhere; hidden files are passed over',
  ),
  'data/image-broken': error(
    (p: { reason: string }) => `the image cannot be read: ${p.reason}`,
    () => 'open and save it again as PNG, or remove it',
  ),
  'data/image-size': error(
    (p: { width: number; height: number; wantedWidth: number; wantedHeight: number }) => `the image is ${p.width} x ${p.height}, the first one is ${p.wantedWidth} x ${p.wantedHeight}`,
    () => 'bring all images to one size',
  ),
} as const;
