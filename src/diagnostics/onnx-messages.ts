/** The part of the message catalogue that belongs to the room(s) of "onnx". See ../diagnostics.ts. */
export const onnxMessages = {
} as const;
