/** For a mutation that may be sent twice and shall count once. */
export function randomKey(): string {
  return crypto.getRandomValues(new Uint32Array(4)).join("-");
}
