// A rule for eslint: every text that a person reads goes through `gettext` or `ngettext`, as a
// literal, so that it gets into the catalogues.

const TRANSLATING = new Set(["gettext", "ngettext"]);
const LETTERS = /\p{L}{2}/u;
// A sentence, or the beginning of one; what programs say to each other has neither.
const PROSE = /^\p{Lu}\p{Ll}+|\p{L}[,.:;]? \p{L}/u;
// Attributes and properties that are shown or read out.
const SHOWN =
  /(?:^|\s)(aria-label|aria-description|title|placeholder|alt|label|hint|nothing)="([^"]*)"/g;
const TAG = /<[^>]*>/g;
const HOLE = "\uE000"; // stands for ${...}
// What is the same in all languages, and functions of style sheets.
const NAMES = /Trade Engine|CSV|calc\(|translate\(|<kbd>Enter<\/kbd>/g;
const KEYS = /^(?:Arrow(?:Left|Right|Up|Down)|Delete|Backspace)$/; // as events name them
// Who takes words that nobody reads: errors for programmers, selectors, names of what is kept.
const MACHINES = new Set([
  ...["Error", "Symbol", "Event", "querySelector", "querySelectorAll", "closest", "getContext"],
  ...["preference", "choice", "toggle", "matchMedia", "channel"],
]);
const MACHINE_CONSTANTS = /^(?:[A-Z_]*KEYS?|IN_DOUBT|CANCEL_ALL)$/;
const MACHINE_PROPERTIES = new Set(["font", "className", "Authorization", "transform"]);
const MACHINE_ATTRIBUTES = /(?:class|id|key|href|aria-\w+by)=$/;

export const untranslated = {
  meta: {
    type: "problem",
    schema: [],
    messages: {
      shown: "“{{text}}” is shown and not translated: write gettext(…)",
      literal: "gettext takes a literal: what is put together is in no catalogue",
    },
  },
  create(context) {
    /** @param {object} node @param {string} text */
    const report = (node, text) =>
      context.report({ node, messageId: "shown", data: { text: text.trim().slice(0, 60) } });
    return {
      TaggedTemplateExpression(node) {
        if (node.tag.name !== "html") return;
        for (const text of shownIn(node.quasi)) report(node, text);
      },
      TemplateLiteral(node) {
        if (node.parent.type === "TaggedTemplateExpression" || isForMachines(node)) return;
        const text = sourceOf(node).replaceAll(NAMES, "");
        if (PROSE.test(text)) report(node, text);
      },
      Literal(node) {
        if (typeof node.value !== "string" || !PROSE.test(node.value)) return;
        if (KEYS.test(node.value)) return;
        if (!isForMachines(node)) report(node, node.value);
      },
      CallExpression(node) {
        if (!TRANSLATING.has(node.callee.name)) return;
        const texts = node.arguments.slice(0, node.callee.name === "gettext" ? 1 : 2);
        if (texts.some(({ type }) => type !== "Literal")) {
          context.report({ node, messageId: "literal" });
        }
      },
    };
  },
};

/** The texts and the attributes of a template that have words. */
function shownIn(quasi) {
  const source = sourceOf(quasi).replaceAll(NAMES, "");
  const attributes = [...source.matchAll(TAG)].flatMap(([tag]) =>
    [...tag.matchAll(SHOWN)].map(([, , text]) => text),
  );
  return [...source.split(TAG), ...attributes].filter((text) => LETTERS.test(text));
}

function sourceOf({ quasis }) {
  return quasis.map(({ value }) => value.cooked).join(HOLE);
}

/** Whether nobody reads a string: it is compared, a key, a name, or for a program. */
function isForMachines(node) {
  const { parent } = node;
  switch (parent.type) {
    case "ImportDeclaration":
    case "BinaryExpression":
    case "MemberExpression":
      return true;
    case "Property":
      return parent.key === node || MACHINE_PROPERTIES.has(parent.key.name);
    case "VariableDeclarator":
      return MACHINE_CONSTANTS.test(parent.id.name);
    case "AssignmentExpression":
      return MACHINE_PROPERTIES.has(parent.left.property?.name);
    case "ConditionalExpression":
      return isForMachines(parent);
    case "TemplateLiteral":
      return MACHINE_ATTRIBUTES.test(parent.quasis[parent.expressions.indexOf(node)].value.cooked);
    default:
      return isArgumentForMachines(node);
  }
}

/** Whether a string is given to what is no reader. */
function isArgumentForMachines({ parent }) {
  if (!["CallExpression", "NewExpression"].includes(parent.type)) return false;
  const { callee } = parent;
  const name = callee.name ?? callee.property?.name;
  return TRANSLATING.has(name) || MACHINES.has(name);
}
