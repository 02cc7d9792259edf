"""The estimator that is trained. It brings torch along, which takes seconds to import: import it where it is used."""

from pid.learnt.batch_estimator import BatchResult, batch
from pid.learnt.discriminator import DiscriminatorOptions

__all__ = ["BatchResult", "DiscriminatorOptions", "batch"]
