//! L-BFGS (Nocedal and Wright, algorithm 7.5) for the smooth convex losses of this module.

/// How many steps back the curvature is remembered.
const MEMORY: usize = 8;

/// When to stop.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stop {
    /// After this many steps.
    pub(super) steps: usize,
    /// When the largest entry of the gradient is below this.
    pub(super) gradient: f64,
    /// When a step lowers the loss by less than this share.
    pub(super) decrease: f64,
}

impl Stop {
    /// For problems of a handful of unknowns, where exactness costs nothing.
    pub(super) const EXACT: Self = Self { steps: 200, gradient: 1e-8, decrease: 1e-12 };
}

/// Changes `point` to where the loss is least. `loss` writes the gradient at the point it is given.
pub(super) fn minimise(point: &mut Vec<f64>, stop: Stop, mut loss: impl FnMut(&[f64], &mut [f64]) -> f64) {
    let size = point.len();
    let mut gradient = vec![0.0; size];
    let mut value = loss(point, &mut gradient);
    let mut memory: std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)> = std::collections::VecDeque::new();
    let mut trial = vec![0.0; size];
    let mut trial_gradient = vec![0.0; size];
    for step in 0..stop.steps {
        if gradient.iter().all(|entry| entry.abs() < stop.gradient) {
            break;
        }
        let mut direction = descent(&gradient, &memory);
        let mut slope = dot(&direction, &gradient);
        if slope >= 0.0 {
            // Rounding spoilt the curvature: start over from steepest descent.
            memory.clear();
            direction = gradient.iter().map(|entry| -entry).collect();
            slope = -dot(&gradient, &gradient);
        }
        let mut length = if step == 0 { (1.0 / dot(&gradient, &gradient).sqrt()).min(1.0) } else { 1.0 };
        let mut trial_value = f64::INFINITY;
        for _ in 0..30 {
            for ((to, from), along) in trial.iter_mut().zip(point.iter()).zip(&direction) {
                *to = from + length * along;
            }
            trial_value = loss(&trial, &mut trial_gradient);
            if trial_value <= value + 1e-4 * length * slope {
                break;
            }
            length *= 0.4;
        }
        if !trial_value.is_finite() || trial_value > value {
            break;
        }
        let moved: Vec<f64> = trial.iter().zip(point.iter()).map(|(to, from)| to - from).collect();
        let turned: Vec<f64> = trial_gradient.iter().zip(&gradient).map(|(to, from)| to - from).collect();
        let curvature = dot(&moved, &turned);
        if curvature > 1e-12 * dot(&turned, &turned) {
            if memory.len() == MEMORY {
                memory.pop_front();
            }
            memory.push_back((moved, turned, 1.0 / curvature));
        }
        let small = value - trial_value <= stop.decrease * value.abs().max(1e-12);
        std::mem::swap(point, &mut trial);
        std::mem::swap(&mut gradient, &mut trial_gradient);
        value = trial_value;
        if small {
            break;
        }
    }
}

fn descent(gradient: &[f64], memory: &std::collections::VecDeque<(Vec<f64>, Vec<f64>, f64)>) -> Vec<f64> {
    let mut direction: Vec<f64> = gradient.iter().map(|entry| -entry).collect();
    let mut shares = Vec::with_capacity(memory.len());
    for (moved, turned, inverse) in memory.iter().rev() {
        let share = inverse * dot(moved, &direction);
        add(&mut direction, -share, turned);
        shares.push(share);
    }
    if let Some((_, turned, inverse)) = memory.back() {
        let scale = 1.0 / (inverse * dot(turned, turned));
        direction.iter_mut().for_each(|entry| *entry *= scale);
    }
    for ((moved, turned, inverse), share) in memory.iter().zip(shares.into_iter().rev()) {
        let other = inverse * dot(turned, &direction);
        add(&mut direction, share - other, moved);
    }
    direction
}

fn dot(left: &[f64], right: &[f64]) -> f64 {
    let (left_chunks, left_rest) = left.as_chunks::<4>();
    let (right_chunks, right_rest) = right.as_chunks::<4>();
    let mut sums = [0.0; 4];
    for (a, b) in left_chunks.iter().zip(right_chunks) {
        for ((sum, x), y) in sums.iter_mut().zip(a).zip(b) {
            *sum += x * y;
        }
    }
    sums.iter().sum::<f64>() + left_rest.iter().zip(right_rest).map(|(x, y)| x * y).sum::<f64>()
}

fn add(target: &mut [f64], factor: f64, source: &[f64]) {
    for (cell, value) in target.iter_mut().zip(source) {
        *cell += factor * value;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_bottom_of_a_skewed_bowl() {
        let mut point = vec![5.0, -3.0, 9.0];
        minimise(&mut point, Stop::EXACT, |at, gradient| {
            let scale = [1.0, 100.0, 0.01];
            let mut value = 0.0;
            for dimension in 0..3 {
                let off = at[dimension] - dimension as f64;
                value += scale[dimension] * off * off;
                gradient[dimension] = 2.0 * scale[dimension] * off;
            }
            value
        });
        for (dimension, entry) in point.iter().enumerate() {
            assert!((entry - dimension as f64).abs() < 1e-4, "{point:?}");
        }
    }
}
