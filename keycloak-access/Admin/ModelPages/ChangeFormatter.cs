using KeycloakAccess.Models;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>Why a change was not made.</summary>
internal static class ChangeFormatter
{
    public static string Explain(ModelChange change) => change switch
    {
        ModelChange.Invalid(_, var mistake) => mistake,
        ModelChange.Conflict(var detail, _) => detail,
        ModelChange.Missing => "It is not there any more, or not for you to see.",
        _ => "Somebody has changed it since you opened this page, so nothing was done. Look at it as it is now, and do it again if you still want to.",
    };
}
