"""Why a plan is what it is. Every statement is confirmed by planning or settling again, none is read off a dual."""
