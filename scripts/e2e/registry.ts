import { createServer } from "node:http";

/** The document an npm registry keeps per package, as far as publish and install need it. */
interface Packument {
  readonly name: string;
  readonly "dist-tags": Record<string, string>;
  readonly versions: Record<string, { dist: { tarball: string } }>;
  readonly _attachments?: Record<string, { data: string }>;
}

/** A throw-away npm registry on a free port of this machine. */
export interface Registry {
  readonly url: string;
  readonly names: () => string[];
  readonly close: () => Promise<void>;
}

/** Starts a registry that knows just enough of the protocol for one test's publish and install. */
export async function startRegistry(): Promise<Registry> {
  const packuments = new Map<string, Packument>();
  const tarballs = new Map<string, Buffer>();
  let url = "";

  function publish(body: string): void {
    const { _attachments, ...packument } = JSON.parse(body) as Packument;
    for (const [file, { data }] of Object.entries(_attachments ?? {})) {
      tarballs.set(`${packument.name}/-/${file}`, Buffer.from(data, "base64"));
    }
    packuments.set(packument.name, packument);
  }

  function withOwnTarballs(packument: Packument): Packument {
    const versions = Object.entries(packument.versions).map(([version, manifest]) => {
      const tarball = manifest.dist.tarball.replace(/^https?:\/\/[^/]+/, url);
      return [version, { ...manifest, dist: { ...manifest.dist, tarball } }] as const;
    });
    return { ...packument, versions: Object.fromEntries(versions) };
  }

  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on("data", (chunk: Buffer) => chunks.push(chunk));
    request.on("end", () => {
      const path = decodeURIComponent((request.url ?? "/").split("?")[0] ?? "/").slice(1);
      const answer = (code: number, body: unknown): void => {
        response.writeHead(code, { "content-type": "application/json" }).end(JSON.stringify(body));
      };
      if (request.method === "PUT") {
        publish(Buffer.concat(chunks).toString());
        answer(201, { ok: true });
        return;
      }
      const tarball = tarballs.get(path);
      if (tarball) {
        response.writeHead(200, { "content-type": "application/octet-stream" }).end(tarball);
        return;
      }
      const packument = packuments.get(path);
      if (packument) answer(200, withOwnTarballs(packument));
      else answer(404, { error: "not found" });
    });
  });
  await new Promise<void>((listening) => server.listen(0, "127.0.0.1", listening));
  const address = server.address();
  url = `http://127.0.0.1:${typeof address === "object" && address ? address.port : 0}`;
  return {
    url,
    names: () => [...packuments.keys()],
    close: () =>
      new Promise((closed) => {
        server.closeAllConnections();
        server.close(() => closed());
      }),
  };
}
