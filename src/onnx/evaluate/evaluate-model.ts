/**
 * Evaluates an ONNX model node by node on given tensors, as the standard defines each operator. It is slow
 * and general: the judge of what the import makes of a model, not a way to run one on a data set.
 */
import type { Reporter } from '../../diagnostics.js';
import { readTensor, type Constant } from '../constant.js';
import { tensorSource } from '../external-data.js';
import type { ModelRecord, NodeRecord } from '../model-proto.js';
import { Refusal, refuse, type NodeContext } from '../rule.js';
import { evaluations } from './evaluations.js';

export interface EvaluationRequest {
  readonly model: ModelRecord;
  /** The model's inputs by name. */
  readonly feeds: ReadonlyMap<string, Constant>;
  /** Where external data may lie; undefined: nowhere. */
  readonly folder?: string;
  readonly report: Reporter;
}

/** Every value of the model by name, outputs included. Nodes run in the file's order, which the standard requires to be topological. Throws a CompileError at the first node that cannot be evaluated. */
export function evaluateModel({ model, feeds, folder, report }: EvaluationRequest): ReadonlyMap<string, Constant> {
  const values = new Map<string, Constant>();
  const opset = model.opsets.get('') ?? 0;
  const source = tensorSource(Infinity, { folder, owned: false });
  const read: NodeContext['readTensor'] = (tensor) => {
    const result = readTensor(tensor, source);
    return 'constant' in result ? result.constant : refuse('onnx/tensor-data', { tensor: tensor.name, problem: result.problem.kind === 'type' ? `type ${result.problem.type}` : result.problem.problem });
  };
  const attempt = (place: string, work: () => void): void => {
    try {
      work();
    } catch (error) {
      if (!(error instanceof Refusal)) throw error;
      report.report(error.code, { kind: 'node', node: place }, error.params as never);
      report.finish();
    }
  };
  for (const tensor of model.initializers) attempt(tensor.name, () => values.set(tensor.name, read(tensor)));
  for (const [name, value] of feeds) values.set(name, value);
  for (const node of model.nodes) {
    attempt(node.name, () => {
      const inputs = node.inputs.map((name) => (name === '' ? undefined : values.get(name) ?? refuse('onnx/missing-value', { value: name })));
      evaluateNode({ node, opset, inputs, readTensor: read, spend: () => undefined }).forEach((value, i) => { if (node.outputs[i]) values.set(node.outputs[i], value); });
    });
  }
  return values;
}

/** The outputs of a node whose inputs are all known. */
export function evaluateNode(context: NodeContext): readonly Constant[] {
  const { node } = context;
  const evaluation = evaluationOf(node) ?? refuse('onnx/unsupported-op', { op: node.domain === '' ? node.op : `${node.domain}:${node.op}`, advice: 'replace it by standard operators' });
  const result = evaluation(context);
  return 'kind' in result ? [result] : result;
}

const evaluationOf = (node: NodeRecord): ReturnType<typeof evaluations.get> => (node.domain === '' ? evaluations.get(node.op) : undefined);
