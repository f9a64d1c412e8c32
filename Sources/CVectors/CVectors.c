// All of it stands in the header, where the kernels' compiler can make instructions of it.
#include "CVectors.h"
