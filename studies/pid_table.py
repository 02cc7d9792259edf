"""What do the modalities of each data set tell about its label, together and apart (the paper's Table 1)?

python studies/pid_table.py --data-dir data
"""

from studies import paper
from studies.engine.commands.information_table import print_pid_table

if __name__ == "__main__":
    print_pid_table(paper.STUDIES)
