"""
Is this noise stable?
=====================

Two coordinates of stable noise with different scales, judged as if they had been measured. The
index of a stable law stays as it is when draws are summed, and the scale of sums of m draws grows
as m^(1/alpha). The largest values alone do not decide it.
"""

import levysde as ls

draws = ls.noise.sample(ls.noise.independent(1.5, [1.0, 0.3]), 4000, seed=8)
found = ls.tail_index(draws)
print(found.verdict)

ls.plots.save(ls.plots.tail_index(found)[0].figure, "stable.png")

# %%
# Draws of Student's t law with three degrees of freedom have a tail of index 3 and a finite
# variance: sums of them become Gaussian.
draws = ls.noise.sample(ls.noise.student_t(3.0, [1.0, 0.3]), 4000, seed=9)
found = ls.tail_index(draws)
print(found.verdict)

ls.plots.save(ls.plots.tail_index(found)[0].figure, "student.png")
