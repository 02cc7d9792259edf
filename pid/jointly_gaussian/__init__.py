"""The decomposition of features that counts nothing but their covariance with the label, as if all were Gaussian."""

from pid.jointly_gaussian.covariance import GaussianResult
from pid.jointly_gaussian.scores import check_resampled_scores, gaussian, gaussian_of_scores

__all__ = ["GaussianResult", "check_resampled_scores", "gaussian", "gaussian_of_scores"]
