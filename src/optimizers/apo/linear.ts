/** Dense symmetric matrices in row order, as far as a Laplace posterior needs them. */

/**
 * Lower Cholesky factor of a positive definite n x n matrix, in place (the upper part is left as it is).
 * @throws RangeError when the matrix is not positive definite
 */
export function cholesky(matrix: Float64Array, n: number): Float64Array {
  for (let row = 0; row < n; row++) {
    for (let column = 0; column <= row; column++) {
      let sum = matrix[row * n + column] as number;
      for (let k = 0; k < column; k++) sum -= (matrix[row * n + k] as number) * (matrix[column * n + k] as number);
      if (row === column) {
        if (!(sum > 0)) throw new RangeError('matrix is not positive definite');
        matrix[row * n + row] = Math.sqrt(sum);
      } else {
        matrix[row * n + column] = sum / (matrix[column * n + column] as number);
      }
    }
  }
  return matrix;
}

/** Solves L x = b for a lower factor, in place. */
export function solveLower(factor: Float64Array, n: number, vector: Float64Array): Float64Array {
  for (let row = 0; row < n; row++) {
    let sum = vector[row] as number;
    for (let k = 0; k < row; k++) sum -= (factor[row * n + k] as number) * (vector[k] as number);
    vector[row] = sum / (factor[row * n + row] as number);
  }
  return vector;
}

/** Solves L' x = b for a lower factor, in place. */
export function solveUpper(factor: Float64Array, n: number, vector: Float64Array): Float64Array {
  for (let row = n - 1; row >= 0; row--) {
    let sum = vector[row] as number;
    for (let k = row + 1; k < n; k++) sum -= (factor[k * n + row] as number) * (vector[k] as number);
    vector[row] = sum / (factor[row * n + row] as number);
  }
  return vector;
}
