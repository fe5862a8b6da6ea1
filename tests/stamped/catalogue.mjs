// A catalogue entity against Backstage's own model: one line per finding.
// usage: node catalogue.mjs NODE_MODULES ENTITY.json
import { readFileSync } from "node:fs";
import { createRequire } from "node:module";
import { join } from "node:path";

const require = createRequire(join(process.argv[2], "package.json"));
const { componentEntityV1alpha1Validator, parseEntityRef, EntityPolicies, ...model } = require("@backstage/catalog-model");
const entity = JSON.parse(readFileSync(process.argv[3], "utf8"));
const policy = EntityPolicies.allOf([
  new model.SchemaValidEntityPolicy(),
  new model.DefaultNamespaceEntityPolicy(),
  new model.NoForeignRootFieldsEntityPolicy(),
  new model.FieldFormatEntityPolicy(),
]);
try {
  const enforced = await policy.enforce(entity);
  if (!(await componentEntityV1alpha1Validator.check(enforced))) console.log(`no component: ${entity.kind}`);
  parseEntityRef(entity.spec.owner, { defaultKind: "group" });
} catch (error) {
  console.log(error.message);
}
