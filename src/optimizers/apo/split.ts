export { type Piece, splitPrompt, statementOf, statementsOf } from '../../core/statements.ts';
