// Totals a CI run: `tally.mjs TESTS.json TEST_STATUS TURBO_RUNS CHECK_STATUS E2E_STATUS` prints "N passed, N failed" and fails if any did.
// A part that failed without saying which of its pieces did counts as one failure.
import { existsSync, readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";

const [testsFile, testStatus, runsDir, checkStatus, e2eStatus] = process.argv.slice(2);

function tests() {
  if (!existsSync(testsFile)) return { passed: 0, failed: 0 };
  const { numPassedTests, numFailedTests } = JSON.parse(readFileSync(testsFile, "utf8"));
  return { passed: numPassedTests, failed: numFailedTests };
}

function checks() {
  const runs = existsSync(runsDir) ? readdirSync(runsDir).filter((name) => name.endsWith(".json")) : [];
  const total = { passed: 0, failed: 0 };
  for (const name of runs) {
    const { execution } = JSON.parse(readFileSync(join(runsDir, name), "utf8"));
    total.passed += execution.success + execution.cached;
    total.failed += execution.failed;
  }
  return total;
}

function withStatus(total, status) {
  return status !== "0" && total.failed === 0 ? { ...total, failed: 1 } : total;
}

const e2e = e2eStatus === "0" ? { passed: 1, failed: 0 } : { passed: 0, failed: 1 };
const parts = [withStatus(tests(), testStatus), withStatus(checks(), checkStatus), e2e];
const sum = (key) => parts.reduce((n, part) => n + part[key], 0);
console.log(`${sum("passed")} passed, ${sum("failed")} failed`);
process.exitCode = sum("failed") === 0 && sum("passed") > 0 ? 0 : 1;
