/* Server-sent events read from a fetch: EventSource can neither POST nor send headers. */

/* Yields {name, data} for each event of the body, with data parsed from JSON. */
export async function* readEvents(body) {
  const reader = body.pipeThrough(new TextDecoderStream()).getReader();
  let waiting = "";
  try {
    for (;;) {
      const { value, done } = await reader.read();
      if (done) break;
      waiting += value;
      // A line may end with CR LF whose halves come in two chunks: a lone CR at the end waits.
      const held = waiting.endsWith("\r") ? "\r" : "";
      waiting = waiting.slice(0, waiting.length - held.length).replace(/\r\n?/g, "\n") + held;
      let end;
      while ((end = waiting.indexOf("\n\n")) >= 0) {
        const event = parseEvent(waiting.slice(0, end));
        waiting = waiting.slice(end + 2);
        if (event) yield event;
      }
    }
    // What stands without its empty line was cut off, and is dropped as the standard says.
  } finally {
    reader.cancel().catch(() => {});
  }
}

/* One block of lines; null for a comment (the server's keep-alive) or an event without data. */
export function parseEvent(block) {
  let name = "message";
  const data = [];
  for (const line of block.split("\n")) {
    if (line.startsWith(":")) continue;
    const colon = line.indexOf(":");
    const field = colon < 0 ? line : line.slice(0, colon);
    const value = colon < 0 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") name = value;
    if (field === "data") data.push(value);
  }
  if (data.length === 0) return null;
  try {
    return { name, data: JSON.parse(data.join("\n")) };
  } catch {
    return { name: "error", data: { title: "Unreadable answer", detail: "The answer was damaged on its way.", code: "unreadable_event" } };
  }
}
