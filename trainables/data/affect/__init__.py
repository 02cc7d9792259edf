"""MultiBench's affect data sets, CMU-MOSEI, CMU-MOSI, MUStARD and UR-FUNNY, from their pickles."""

from trainables.data.affect.affect_adapter import AffectAdapter

__all__ = ["AffectAdapter"]
