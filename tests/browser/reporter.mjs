/* One line a test, then one line for all: `browser: N passed, N failed`. */

export default async function* report(events) {
  let passed = 0;
  let failed = 0;
  for await (const { type, data } of events) {
    if (type === "test:pass") {
      passed += 1;
      yield `ok    ${data.name} (${Math.round(data.details.duration_ms)} ms)\n`;
    } else if (type === "test:fail") {
      failed += 1;
      const error = data.details.error.cause ?? data.details.error;
      yield `FAIL  ${data.name}\n${String(error.stack ?? error).replace(/^/gm, "      ")}\n`;
    }
  }
  yield `browser: ${passed} passed, ${failed} failed\n`;
}
