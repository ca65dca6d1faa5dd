// SPDX-License-Identifier: Apache-2.0
//
// The tokens of Lamina. Line ends are tokens: Lines.cpp decides which of them
// end a statement. Every word that the grammar quotes is a token of its own;
// those that are not reserved are names as well (rule `name` of the parser).
lexer grammar LaminaLexer;

// Reserved words.
AND      : 'and';
ASSERT   : 'assert';
CONST    : 'const';
DIV      : 'div';
ELSE     : 'else';
FALSE    : 'false';
FOR      : 'for';
IF       : 'if';
IMPORT   : 'import';
IN       : 'in';
MINIMIZE : 'minimize';
MOD      : 'mod';
NONE     : 'none';
NOT      : 'not';
ON       : 'on';
OR       : 'or';
OVER     : 'over';
TRUE     : 'true';
UNTIL    : 'until';
WHEN     : 'when';
WHERE    : 'where';
WITH     : 'with';

// Words that are free as names.
AFTER      : 'after';
AS         : 'as';
BATCH      : 'batch';
BY         : 'by';
DATA       : 'data';
DOWN       : 'down';
EPOCHS     : 'epochs';
EVERY      : 'every';
FROM       : 'from';
FUNCTION   : 'function';
GIVEN      : 'given';
GROUP      : 'group';
HIGHEST    : 'highest';
INVERTIBLE : 'invertible';
KEEP       : 'keep';
LAYER      : 'layer';
LOSS       : 'loss';
LOWEST     : 'lowest';
MASK       : 'mask';
METRIC     : 'metric';
MODEL      : 'model';
OPTIMIZER  : 'optimizer';
ORDER      : 'order';
PARAM      : 'param';
PASS       : 'pass';
PATIENCE   : 'patience';
REPEAT     : 'repeat';
REPORT     : 'report';
SAMPLE     : 'sample';
SCORE      : 'score';
STAGE      : 'stage';
STATE      : 'state';
STEPS      : 'steps';
TEST       : 'test';
TO         : 'to';
TRAIN      : 'train';
TRANSPOSED : 'transposed';
WEIGHTS    : 'weights';
WITHIN     : 'within';

NAME   : [A-Za-z_] [A-Za-z_0-9]*;
NUMBER : [0-9]+ ('.' [0-9]+)? ([eE] [+-]? [0-9]+)?;
TEXT   : '"' (~["\\\r\n] | '\\' ~[\r\n])* '"';

ELLIPSIS      : '...';
RIGHT_ARROW   : '->';
LEFT_ARROW    : '<-';
THEN          : '>>';
EQUAL         : '==';
NOT_EQUAL     : '!=';
LESS_EQUAL    : '<=';
GREATER_EQUAL : '>=';
LESS          : '<';
GREATER       : '>';
ASSIGN        : '=';
TILDE         : '~';
PLUS          : '+';
MINUS         : '-';
STAR          : '*';
SLASH         : '/';
CARET         : '^';
AT            : '@';
PIPE          : '|';
COLON         : ':';
SEMI          : ';';
COMMA         : ',';
DOT           : '.';
QUESTION      : '?';
LPAREN        : '(';
RPAREN        : ')';
LBRACKET      : '[';
RBRACKET      : ']';
LBRACE        : '{';
RBRACE        : '}';

DOC      : '///' ~[\r\n]*;
COMMENT  : '//' ~[\r\n]*;
LINE_END : '\r'? '\n';
BLANK    : [ \t]+ -> skip;

// Reported by Lines.cpp, never seen by the parser.
OPEN_TEXT : '"' (~["\\\r\n] | '\\' ~[\r\n])* '\\'?;
STRAY     : .;
