"""The mathematics of aligning two encoders: the contrastive loss, projection heads, measures of similarity."""

from alignment.contrastive import symmetric_info_nce
from alignment.projection import ProjectionHead
from alignment.similarity import linear_cka, mutual_knn, svcca

__all__ = ["ProjectionHead", "linear_cka", "mutual_knn", "svcca", "symmetric_info_nce"]
