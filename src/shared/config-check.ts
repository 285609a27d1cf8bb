import { isAbsolute, parse, relative, sep } from "node:path";
import type { MasterConfig } from "./config.ts";
import type { WorkerConfig } from "./config-worker.ts";
import { CONTAINERS, type Codec, type Container, canHold } from "./conversion.ts";

type Finding = { path: string; text: string };

/** What no single key can say. Paths are absolute by now; `rank` is how strong the source of a key is, 0: not given. */
export function crossCheck(config: MasterConfig | WorkerConfig, rank: (path: string) => number): Finding[] {
  return "scanner" in config ? checkMaster(config) : checkWorker(config, rank);
}

function checkMaster({ scanner, server, storage, queue, conversion, rules }: MasterConfig): Finding[] {
  const { root_path, output_base } = scanner;
  const { codec, container } = conversion;
  const findings: (Finding | false)[] = [
    !canHold(container, codec) && { path: "conversion.codec", text: cannotHold(container, codec) },
    ...rules.profiles.map((profile, index): Finding | false => {
      const own = {
        codec: profile.conversion.codec ?? codec,
        container: profile.conversion.container ?? container,
      };
      if (canHold(own.container, own.codec) || !canHold(container, codec)) return false;
      return {
        path: "rules.profiles",
        text: `the codec of profile ${index + 1} ${cannotHold(own.container, own.codec)}`,
      };
    }),
    root_path === output_base &&
      !storage.replace && {
        path: "scanner.output_base",
        text: "is scanner.root_path itself; the results need a folder of their own, or storage.replace",
      },
    root_path !== output_base &&
      storage.replace && {
        path: "scanner.output_base",
        text: `stands beside storage.replace, with which results take their films' places in ${root_path}; leave it out`,
      },
    root_path !== output_base &&
      !storage.replace &&
      contains(output_base, root_path) && {
        path: "scanner.output_base",
        text: `contains scanner.root_path (${root_path}); results would lie beside sources: choose another folder`,
      },
    storage.root !== null &&
      !(contains(storage.root, root_path) && contains(storage.root, output_base)) && {
        path: "storage.root",
        text: `(${storage.root}) must contain scanner.root_path and scanner.output_base`,
      },
    storage.root !== null &&
      parse(storage.root).root === storage.root && {
        path: "storage.root",
        text: `cannot be ${storage.root}, the root of everything`,
      },
    server.tls_cert !== null &&
      server.tls_key === null && { path: "server.tls_cert", text: "needs server.tls_key beside it" },
    server.tls_key !== null &&
      server.tls_cert === null && { path: "server.tls_key", text: "needs server.tls_cert beside it" },
    server.tls_self_signed &&
      (server.tls_cert ?? server.tls_key) !== null && {
        path: "server.tls_self_signed",
        text: "stands beside a certificate of your own (server.tls_cert, server.tls_key); give one of the two",
      },
    queue.lease === 0 && { path: "queue.lease", text: "cannot be 0: every job would be lost at once" },
    queue.retry_delay > queue.retry_delay_max && {
      path: "queue.retry_delay",
      text: "is longer than queue.retry_delay_max",
    },
  ];
  return findings.filter((finding) => finding !== false);
}

function cannotHold(container: Container, codec: Codec): string {
  const able = CONTAINERS.filter((one) => canHold(one, codec)).join(" or ");
  return `is ${codec}, which ${container} cannot hold; set conversion.container to ${able}`;
}

function checkWorker({ worker, storage }: WorkerConfig, rank: (path: string) => number): Finding[] {
  const twice = storage.path_map.find(({ master }, n) =>
    storage.path_map.slice(0, n).some((other) => withoutEnd(other.master) === withoutEnd(master)),
  );
  const findings: (Finding | false)[] = [
    worker.master_url === null && {
      path: "worker.master_url",
      text: "is missing: say where the master is, with --master URL, VC_MASTER_URL or in the file",
    },
    worker.token !== null &&
      worker.token_file !== null &&
      rank("worker.token") === rank("worker.token_file") && {
        path: "worker.token_file",
        text: "stands beside worker.token; give one of the two",
      },
    worker.tls_ca !== null &&
      worker.tls_fingerprint !== null && {
        path: "worker.tls_fingerprint",
        text: "stands beside worker.tls_ca; give one of the two",
      },
    worker.tls_fingerprint !== null &&
      worker.master_url?.startsWith("http:") === true && {
        path: "worker.tls_fingerprint",
        text: `is given, but worker.master_url (${worker.master_url}) is an address without TLS: write https://`,
      },
    storage.mount_path !== null &&
      storage.path_map.length > 0 && {
        path: "storage.path_map",
        text: "stands beside storage.mount_path; give one of the two (mount_path is a map of storage.root alone)",
      },
    twice !== undefined && {
      path: "storage.path_map",
      text: `says twice where the master's ${twice.master} is; leave one`,
    },
  ];
  return findings.filter((finding) => finding !== false);
}

function withoutEnd(path: string): string {
  return path.replace(/(?<=.)[\\/]+$/, "");
}

/** Whether `inner` is `outer` or lies below it. */
function contains(outer: string, inner: string): boolean {
  const way = relative(outer, inner);
  return way === "" || (way !== ".." && !way.startsWith(`..${sep}`) && !isAbsolute(way));
}
