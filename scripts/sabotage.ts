import { cp, mkdir, mkdtemp, readFile, rm, symlink, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { SABOTAGES, type Sabotage } from "../test/sabotage/sabotages.ts";
import { unlessFull } from "../test/support/test-or.ts";

/**
 * Tests the tests: breaks one promise of vc after the other in a copy of the tree, and runs the one test that must
 * notice. Prints the list and the score; exits with 0 only if every sabotage was caught. Words on the command line
 * select sabotages whose description holds them. Takes some ten minutes on two cores.
 */
async function main(words: string[]): Promise<number> {
  process.chdir(join(import.meta.dir, ".."));
  const chosen = SABOTAGES.filter(({ what }) => words.every((word) => what.includes(word)));
  const folder = await mkdtemp(join(tmpdir(), "vc-sabotage-"));
  try {
    const trees = await Promise.all([copyTree(join(folder, "a")), copyTree(join(folder, "b"))]);
    const sound = await soundTests(trees[0], chosen);
    const queue = [...chosen];
    const missed: string[] = [];
    const work = async (tree: string) => {
      for (let one = queue.shift(); one !== undefined; one = queue.shift()) {
        const verdict = sound.has(one.caught_by) ? await tryOne(tree, one) : "its test fails without it";
        if (verdict !== "caught") missed.push(one.what);
        console.log(
          `${verdict === "caught" ? "caught" : `MISSED (${verdict})`}  ${one.what}  [${one.caught_by}]`,
        );
      }
    };
    await Promise.all(trees.map(work));
    console.log(`${chosen.length - missed.length} of ${chosen.length} sabotages were caught`);
    return missed.length === 0 ? 0 : 1;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** The tree as git sees it, changes that are not committed included; packages are shared. */
async function copyTree(target: string): Promise<string> {
  const listed = Bun.spawnSync(["git", "ls-files", "--cached", "--others", "--exclude-standard"]);
  const names = listed.stdout.toString().trim().split("\n");
  for (const name of names) {
    await mkdir(dirname(join(target, name)), { recursive: true });
    await cp(name, join(target, name)).catch(() => undefined);
  }
  await symlink(join(process.cwd(), "node_modules"), join(target, "node_modules"));
  return target;
}

/** The tests that pass as long as nothing is broken: only they can notice anything. */
async function soundTests(tree: string, chosen: Sabotage[]): Promise<Set<string>> {
  const sound = new Set<string>();
  for (const test of new Set(chosen.map(({ caught_by }) => caught_by))) {
    if ((await runTest(tree, test)) === 0) sound.add(test);
    else console.log(`${test} fails, or skips, without any sabotage`);
  }
  return sound;
}

async function tryOne(tree: string, { file, find, put, caught_by }: Sabotage): Promise<string> {
  const path = join(tree, file);
  const source = await readFile(path, "utf8");
  if (source.split(find).length !== 2) return `${file} does not hold the text exactly once`;
  await writeFile(
    path,
    source.replace(find, () => put),
  );
  try {
    return (await runTest(tree, caught_by)) === 0 ? "nothing failed" : "caught";
  } finally {
    await writeFile(path, source);
  }
}

/** 0 when all passed and none but the long trials was skipped. Tests of the executable get one of this very tree. */
async function runTest(tree: string, test: string): Promise<number> {
  const env = { ...process.env, VC_TEST_PROGRAM: test.includes("/e2e/") ? await buildIn(tree) : undefined };
  const cmd = [process.execPath, "test", "--no-orphans", "--timeout=60000", `./${test}`];
  const child = Bun.spawn({ cmd, cwd: tree, env, stdout: "ignore", stderr: "pipe" });
  const said = await new Response(child.stderr).text();
  await child.exited;
  const skips = said.split("\n").filter((line) => line.startsWith("(skip)"));
  const skipped = skips.some((line) => unlessFull === null || !line.includes(unlessFull));
  return child.exitCode === 0 && !skipped ? 0 : 1;
}

async function buildIn(tree: string): Promise<string> {
  const child = Bun.spawn({
    cmd: [process.execPath, "build.ts"],
    cwd: tree,
    stdout: "ignore",
    stderr: "inherit",
  });
  if ((await child.exited) !== 0) throw new Error("a sabotaged tree does not build");
  return join(tree, "dist", "vc");
}

process.exit(await main(process.argv.slice(2)));
