"""The decomposition of features by what classifiers tell from them: the default estimator.

BROJA's redundancy and unique information depend on the margins p(x1, y) and p(x2, y) alone, and a modality may be
replaced, without loss, by the posterior p(y | x_k) (a sufficient statistic; Bertschinger et al. 2014). Classifiers of
several families give posteriors of held-out rows. These are pooled, and cut into few cells that keep what they tell.
Held-out labels are counted in the cells and decomposed exactly. Synergy takes I(X1, X2; Y) from classifiers of both.
"""

from pid.posterior.posterior_estimates import posterior_estimate

__all__ = ["posterior_estimate"]
