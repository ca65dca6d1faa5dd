// SPDX-License-Identifier: Apache-2.0
//
// The grammar of docs/language.md as a cover grammar: where a construct can be
// told from another only by what follows it (a target from an expression, a
// type from a pipeline), both are parsed as the wider one, and BuildAST.h
// narrows it. So one token decides everywhere. Recursion on the right is
// written as repetition, so that long chains need no stack.
//
// Lines.cpp hands over balanced brackets, and a `;` at the end of each
// statement, also before `}` and at the end of the file. The rules called
// `…Line`, and the rules that are lists of them and nothing else, are where
// parsing goes on after a mistake (SyntaxErrors.cpp).
parser grammar LaminaParser;

options { tokenVocab = LaminaLexer; }

file            : declarationLine* EOF;
declarationLine : declaration? SEMI;

declaration
  : IMPORT TEXT (AS name)?                                            # importDeclaration
  | CONST constant (COMMA constant)*                                  # constDeclaration
  | (LAYER | MODEL) name parameters? INVERTIBLE? members              # layerDeclaration
  | (FUNCTION | LOSS | METRIC | MASK | SCORE | SAMPLE) definition     # functionDeclaration
  | OPTIMIZER name parameters? (FOR type)? (ASSIGN pipeline | block)  # optimizerDeclaration
  | GROUP name ASSIGN expr                                            # groupDeclaration
  | DATA names (ASSIGN expr | FROM expr block)                        # dataDeclaration
  | TRAIN place (AS name)? (FROM place)? items                        # trainDeclaration
  | TEST TEXT block                                                   # testDeclaration
  | WEIGHTS name FROM TEXT maps                                       # weightsDeclaration
  ;

constant    : name brackets? ASSIGN expr;
maps        : LBRACE mapLine* RBRACE;
mapLine     : (TEXT RIGHT_ARROW pattern TRANSPOSED?)? SEMI;
pattern     : patternPart (DOT patternPart)*;
patternPart : name | NUMBER | STAR;

members    : LBRACE memberLine* RBRACE;
memberLine : member? SEMI;
member
  : (PARAM | STATE) weight (COMMA weight)* (WHEN expr)?               # weightMember
  | (MASK | SCORE) definition                                         # maskMember
  | name (COMMA name)* COLON pipeline (WHEN expr)?                    # fieldMember
  | definition                                                        # namedCall
  | parameters (RIGHT_ARROW type)? body                               # call
  ;

weight     : name (COLON type)? (ASSIGN | TILDE) expr;
definition : name parameters? brackets? (RIGHT_ARROW type)? body;
body       : ASSIGN expr | block;
block      : LBRACE statementLine* RBRACE;
items      : LBRACE itemLine* RBRACE;
place      : name (DOT name)*;

statementLine : statement? SEMI;
statement
  : FOR name (LESS sum | IN expr (DOWN? TO expr)?) (UNTIL expr)? block # forStatement
  | WHEN expr block                                                   # whenStatement
  | AFTER block                                                       # afterStatement
  | PASS WHEN expr                                                    # passStatement
  | WHERE expr                                                        # whereStatement
  | ASSERT expr (WITHIN expr)?                                        # assertStatement
  | GIVEN place ASSIGN expr                                           # givenStatement
  | STATE weight (COMMA weight)*                                      # stateStatement
  | part (COMMA part)* ((ASSIGN | TILDE | LEFT_ARROW) expr)?          # openStatement
  ;
part : expr (COLON pipeline)?;

itemLine : item? SEMI;
item
  : DATA expr (ASSIGN expr)? (BATCH expr)? (BY expr)? (IN ORDER)?     # takeItem
  | MINIMIZE expr (OVER expr)? (WITH pipeline)?                       # minimizeItem
  | REPORT expr (ASSIGN expr)? (ON expr)? (EVERY expr)?               # reportItem
  | KEEP (LOWEST | HIGHEST) name (PATIENCE expr)?                     # keepItem
  | (STEPS | EPOCHS) expr                                             # stepsItem
  | STAGE name items                                                  # stageItem
  | REPEAT expr items                                                 # repeatItem
  | statement                                                         # statementItem
  ;

parameters : LPAREN (parameter (COMMA parameter)*)? RPAREN;
parameter  : name (COLON type)? (ASSIGN expr)?;
type       : postfix;

pipeline   : stage (PIPE stage)*;
stage      : expr (ON expr)?;
expr       : choice (RIGHT_ARROW choice)* (FOR name IN choice)?;
choice     : either (IF either ELSE either)*;
either     : both (OR both)*;
both       : negation (AND negation)*;
negation   : NOT? comparison;
comparison : chain (comparator chain)*;
comparator : EQUAL | NOT_EQUAL | LESS | LESS_EQUAL | GREATER | GREATER_EQUAL;
chain      : sum (THEN sum)*;
sum        : product ((PLUS | MINUS) product)*;
product    : unary ((STAR | SLASH | AT | DIV | MOD) unary)*;
unary      : MINUS* power;
power      : postfix (CARET MINUS* postfix)*;
postfix    : atom suffix*;
suffix
  : LPAREN (argument (COMMA argument)*)? RPAREN                       # callSuffix
  | brackets                                                          # indexSuffix
  | DOT name                                                          # memberSuffix
  | QUESTION                                                          # optionalSuffix
  ;
argument   : pipeline (COLON pipeline)? (OVER expr)?;
brackets   : LBRACKET index (COMMA index)* (WHERE expr)? (ELSE expr)? RBRACKET;
index      : expr (COLON expr? | ASSIGN expr)? | COLON expr?;
names      : name (COMMA name)*;

atom
  : (NUMBER | TEXT | TRUE | FALSE | NONE | ELLIPSIS)                  # literal
  | DOT (name | LBRACKET TEXT RBRACKET)                               # recordField
  | name                                                              # nameAtom
  | LPAREN entry (COMMA entry)* RPAREN                                # parenthesised
  | LBRACKET (element (COMMA element)*)? RBRACKET                     # list
  ;
entry   : pipeline (COLON pipeline)?;
element : expr (ASSIGN expr)?;

name
  : NAME | AFTER | AS | BATCH | BY | DATA | DOWN | EPOCHS | EVERY | FROM
  | FUNCTION | GIVEN | GROUP | HIGHEST | INVERTIBLE | KEEP | LAYER | LOSS
  | LOWEST | MASK | METRIC | MODEL | OPTIMIZER | ORDER | PARAM | PASS
  | PATIENCE | REPEAT | REPORT | SAMPLE | SCORE | STAGE | STATE | STEPS | TEST
  | TO | TRAIN | TRANSPOSED | WEIGHTS | WITHIN
  ;
