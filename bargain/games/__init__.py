"""What a game is: arrays and labels, no economics."""

from bargain.games.certificate import Certificate, Equilibrium, certify, regret
from bargain.games.profile import MixedProfile, PureProfile
from bargain.games.responses import SecurityLevel, best_replies, best_reply_table, maxmin, minmax
from bargain.games.stability import EquilibriumFlags, equilibrium_flags
from bargain.games.stage import StageGame

__all__ = [
    "Certificate",
    "Equilibrium",
    "EquilibriumFlags",
    "MixedProfile",
    "PureProfile",
    "SecurityLevel",
    "StageGame",
    "best_replies",
    "best_reply_table",
    "certify",
    "equilibrium_flags",
    "maxmin",
    "minmax",
    "regret",
]
