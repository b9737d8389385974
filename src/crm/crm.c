#include "crm/crm.h"

#include <assert.h>

void crm_add_log_step(struct crm *crm, struct log_step step)
{
    assert(crm->step_count < LOG_STEPS_MOST);
    crm->steps[crm->step_count++] = step;
}
