/** Messages about ONNX files and model cards: the onnx room. See ../diagnostics.ts. */

const exportAgain = 'export the model again, for example with torch.onnx.export, or repair it with onnx.checker and onnx.save';

export const onnxMessages = {
  'onnx/unreadable': {
    severity: 'error',
    message: (p: { reason: string }) => `the model cannot be read: ${p.reason}`,
    hint: () => 'check the path and its permissions; pass the .onnx file itself',
  },
  'onnx/not-onnx': {
    severity: 'error',
    message: (p: { looksLike: string }) => `this is not an ONNX model; it looks like ${p.looksLike}`,
    hint: () => 'pass a file written by an ONNX exporter, such as torch.onnx.export or tf2onnx',
  },
  'onnx/malformed': {
    severity: 'error',
    message: (p: { offset: number; bytes: number; problem: string }) => `the file is damaged at byte ${p.offset} of ${p.bytes}: ${p.problem}`,
    hint: () => 'copy or download the file again and compare its size with the original',
  },
  'onnx/too-deep': {
    severity: 'error',
    message: (p: { offset: number; allowed: number }) => `messages are nested deeper than ${p.allowed} at byte ${p.offset}`,
    hint: () => 'a real network nests about 8 deep: the file is damaged or made to harm; take it from its original source',
  },
  'onnx/too-large': {
    severity: 'error',
    message: (p: { what: string; used: string; allowed: number }) => `too many ${p.what}: ${p.used}, at most ${p.allowed} are allowed`,
    hint: () => 'use a smaller network or input; if the model is real, simplify it first, for example with onnxsim',
  },
  'onnx/no-graph': {
    severity: 'error',
    message: (p: { bytes: number }) => `the ${p.bytes} bytes hold no ONNX graph`,
    hint: () => 'pass a file written by an ONNX exporter; a checkpoint or a lone tensor is not a model',
  },
  'onnx/ir-version': {
    severity: 'error',
    message: (p: { found: number; highest: number }) => `the file has ONNX IR version ${p.found}; versions 1 to ${p.highest} are known`,
    hint: () => 'save the model with an ONNX release that writes an IR version in this range',
  },
  'onnx/opset': {
    severity: 'error',
    message: (p: { found: string; lowest: number; highest: number }) => `the model uses ${p.found}; opset ${p.lowest} to ${p.highest} are supported`,
    hint: (p: { lowest: number; highest: number }) => `convert it with onnx.version_converter.convert_version(model, 17), or export it with an opset between ${p.lowest} and ${p.highest}`,
  },
  'onnx/unsupported-op': {
    severity: 'error',
    message: (p: { op: string; advice: string }) => `operator ${p.op} is not supported`,
    hint: (p: { advice: string }) => p.advice,
  },
  'onnx/form': {
    severity: 'error',
    message: (p: { op: string; problem: string; advice: string }) => `this form of ${p.op} is not supported: ${p.problem}`,
    hint: (p: { advice: string }) => p.advice,
  },
  'onnx/two-activations': {
    severity: 'error',
    message: (p: { op: string }) => `${p.op} of two activations is not supported; one side must be a constant`,
    hint: () => 'attention and gating multiply activations, which spikes cannot; use a feed-forward network of convolutions, dense layers and ReLU',
  },
  'onnx/not-constant': {
    severity: 'error',
    message: (p: { op: string; index: number; input: string }) => `input ${p.index} of ${p.op} ("${p.input}") must be a constant, but it is computed from the image`,
    hint: () => 'export the network in inference mode with fixed shapes and weights, with constant folding on',
  },
  'onnx/second-output': {
    severity: 'error',
    message: (p: { op: string; output: string }) => `the further output "${p.output}" of ${p.op} is used, only the first is supported`,
    hint: () => 'export the network in inference mode; remove indices, masks and running statistics from its outputs',
  },
  'onnx/softmax-inside': {
    severity: 'error',
    message: (p: { op: string; reader: string }) => `${p.op} stands inside the network (its result goes to "${p.reader}"); it is supported only at the end`,
    hint: () => 'a softmax inside is attention, which a rectifier network cannot hold; use a feed-forward network',
  },
  'onnx/missing-input': {
    severity: 'error',
    message: (p: { op: string; index: number }) => `${p.op} lacks its input ${p.index}`,
    hint: () => exportAgain,
  },
  'onnx/attribute': {
    severity: 'error',
    message: (p: { op: string; attribute: string; problem: string }) => `attribute ${p.attribute} of ${p.op} is wrong: ${p.problem}`,
    hint: () => exportAgain,
  },
  'onnx/shape': {
    severity: 'error',
    message: (p: { op: string; problem: string }) => `shapes do not fit at ${p.op}: ${p.problem}`,
    hint: () => `compare with onnx.shape_inference.infer_shapes(model, strict_mode=True); ${exportAgain}`,
  },
  'onnx/batch-axis': {
    severity: 'error',
    message: (p: { op: string; dims: string; batch: number }) => `${p.op} moves, cuts or mixes the batch axis (dims [${p.dims}], batch ${p.batch})`,
    hint: () => 'export the network with a free batch axis or a batch of 1, and keep that axis first everywhere',
  },
  'onnx/not-finite': {
    severity: 'error',
    message: (p: { tensor: string; index: number; value: string }) => `tensor "${p.tensor}" holds ${p.value} at element ${p.index}`,
    hint: () => 'the training diverged or the export overflowed (float16): use a checkpoint whose weights are all finite',
  },
  'onnx/tensor-type': {
    severity: 'error',
    message: (p: { tensor: string; type: string }) => `tensor "${p.tensor}" is of type ${p.type}, which is not supported`,
    hint: () => 'store weights as float32, float64, float16, bfloat16 or whole numbers of 8 to 64 bits',
  },
  'onnx/tensor-data': {
    severity: 'error',
    message: (p: { tensor: string; problem: string }) => `tensor "${p.tensor}" does not hold what it claims: ${p.problem}`,
    hint: () => exportAgain,
  },
  'onnx/external-data': {
    severity: 'error',
    message: (p: { tensor: string; problem: string }) => `the data of tensor "${p.tensor}" are in another file, which is refused: ${p.problem}`,
    hint: () => 'put the data file beside the model under the name that the model states, or save one file with onnx.save(model, path, save_as_external_data=False)',
  },
  'onnx/sparse': {
    severity: 'error',
    message: (p: { tensor: string }) => `initializer "${p.tensor}" is sparse, which is not supported`,
    hint: () => 'store the weights as dense tensors',
  },
  'onnx/cycle': {
    severity: 'error',
    message: (p: { nodes: string }) => `the nodes form a cycle: ${p.nodes}`,
    hint: () => 'recurrent networks are not supported; unroll the loop or use a feed-forward network',
  },
  'onnx/missing-value': {
    severity: 'error',
    message: (p: { value: string }) => `"${p.value}" is read, but no node, input or initializer gives it`,
    hint: () => exportAgain,
  },
  'onnx/duplicate-value': {
    severity: 'error',
    message: (p: { value: string }) => `"${p.value}" is given more than once`,
    hint: () => 'each value needs a name of its own: rename one of them and save the model again',
  },
  'onnx/inputs': {
    severity: 'error',
    message: (p: { names: readonly string[] }) => (p.names.length === 0 ? 'the outputs do not depend on any input' : `the network has ${p.names.length} inputs (${p.names.join(', ')}), one is supported`),
    hint: () => 'export the network with one input, the image, and make the others constants',
  },
  'onnx/input-shape': {
    severity: 'error',
    message: (p: { name: string; problem: string }) => `input "${p.name}" ${p.problem}`,
    hint: () => 'export the network with a fixed image size (only the batch axis may be free), or state input.shape in model.json',
  },
  'onnx/no-output': {
    severity: 'error',
    message: (p: { nodes: number }) => `the graph of ${p.nodes} nodes declares no output`,
    hint: () => exportAgain,
  },
  'onnx/constant-output': {
    severity: 'error',
    message: (p: { name: string }) => `output "${p.name}" is a constant`,
    hint: () => 'choose an output that depends on the image, or export the model again in inference mode',
  },
  'onnx/several-outputs': {
    severity: 'error',
    message: (p: { outputs: readonly string[] }) => `the model has ${p.outputs.length} outputs: ${p.outputs.join(', ')}`,
    hint: () => 'name the one that holds the class scores with --output NAME, or as "output" in model.json',
  },
  'onnx/unknown-output': {
    severity: 'error',
    message: (p: { name: string; names: readonly string[] }) => `the model has no output "${p.name}"`,
    hint: (p: { names: readonly string[] }) => `its outputs are: ${p.names.join(', ')}`,
  },
  'onnx/card-unreadable': {
    severity: 'error',
    message: (p: { reason: string }) => `the model card cannot be read: ${p.reason}`,
    hint: () => 'a model card is a JSON file; mend it, or remove it and give the input normalisation on the command line',
  },
  'onnx/card-field': {
    severity: 'error',
    message: (p: { problem: string; advice: string }) => `the model card is wrong: ${p.problem}`,
    hint: (p: { advice: string }) => p.advice,
  },
  'onnx/card-mismatch': {
    severity: 'error',
    message: (p: { field: string; card: string; model: string }) => `the model card says ${p.field} is ${p.card}, the model has ${p.model}`,
    hint: () => 'mend model.json, or put the card of this model beside it',
  },
  'onnx/approximated': {
    severity: 'warning',
    message: (p: { op: string; others: number; rectifiers: number; error: number }) => `${p.op} here${p.others === 0 ? '' : ` and at ${p.others} more node${p.others === 1 ? '' : 's'}`} is a broken line of ${p.rectifiers} rectifiers, off by at most ${p.error.toPrecision(2)}`,
    hint: () => 'measure the accuracy; a network trained with ReLU or ReLU6 is converted exactly and needs fewer neurons',
  },
  'onnx/not-rounded': {
    severity: 'warning',
    message: (p: { others: number; step: number }) => `activations are quantised here${p.others === 0 ? '' : ` and at ${p.others} more node${p.others === 1 ? '' : 's'}`}; the weights are read exactly, the activations are not rounded to steps of at most ${p.step.toPrecision(2)}`,
    hint: () => 'spike rates have steps of their own; measure the accuracy of the program',
  },
  'onnx/not-saturated': {
    severity: 'warning',
    message: (p: { others: number; low: number; high: number }) => `activations are cut off at ${p.low.toPrecision(3)} and ${p.high.toPrecision(3)} here${p.others === 0 ? '' : ` (other ranges at ${p.others} more node${p.others === 1 ? '' : 's'})`}, and no rectifier follows; the network is read without that`,
    hint: () => 'ranges that were calibrated hold nearly all values; where the cut is meant, write it as Clip',
  },
  'onnx/card-digest': {
    severity: 'warning',
    message: (p: { card: string; model: string }) => `the model is not the file that the card describes (sha256 ${p.model.slice(0, 12)}..., the card says ${p.card.slice(0, 12)}...)`,
    hint: () => 'the accuracy and normalisation in model.json may not hold for this file; measure again and update sha256',
  },
} as const;
