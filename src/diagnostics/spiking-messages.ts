/** The part of the message catalogue that belongs to the room(s) of "spiking". See ../diagnostics.ts. */
export const spikingMessages = {
} as const;
