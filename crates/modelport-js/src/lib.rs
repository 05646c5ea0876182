//! The npm package: the names of `tf.io`, with modelport's handlers behind them.
