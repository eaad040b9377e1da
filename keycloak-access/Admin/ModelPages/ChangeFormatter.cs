using KeycloakAccess.Admin.Forms;
using KeycloakAccess.Models;

namespace KeycloakAccess.Admin.ModelPages;

/// <summary>Why a change was not made, in the words of people.</summary>
internal static class ChangeFormatter
{
    /// <summary>Says in the form why it was not done.</summary>
    public static FormInput Explain(FormInput input, ModelChange change) => change switch
    {
        ModelChange.Invalid(var field, var mistake) => input.Add(field, mistake),
        _ => input.Add("", Refusal(change)),
    };

    /// <returns>Why it was not done.</returns>
    public static string Refusal(ModelChange change) => change switch
    {
        ModelChange.Invalid(_, var mistake) => mistake,
        ModelChange.Conflict(var detail, _) => detail,
        ModelChange.Missing => "It is not there any more, or not for you to see.",
        _ => "Somebody has changed it since you opened this page, so nothing was done. Look at it as it is now, and do it again if you still want to.",
    };

    public static int StatusOf(ModelChange change) => change is ModelChange.Invalid ? StatusCodes.Status422UnprocessableEntity : StatusCodes.Status409Conflict;
}
