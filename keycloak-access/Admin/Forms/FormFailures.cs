using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Forms;

internal static class FormFailures
{
    /// <summary>Says in the form why a change was not made, and returns the status of the page that shows the form again.</summary>
    public static int Show(this FormInput input, ChangeFailure failure, string refusedField, Func<string, string> fieldOf)
    {
        switch (failure)
        {
            case ChangeFailure.Invalid invalid:
                input.Add(invalid.Mistakes.Select(field => KeyValuePair.Create(fieldOf(field.Key), field.Value)));
                return StatusCodes.Status422UnprocessableEntity;
            case ChangeFailure.Refused refused:
                input.Add(refusedField, refused.Detail);
                return StatusCodes.Status422UnprocessableEntity;
            case ChangeFailure.Conflict conflict:
                input.Add(conflict.Field, conflict.Detail);
                return StatusCodes.Status409Conflict;
            case ChangeFailure.StepUp stepUp:
                input.Add(refusedField, stepUp.Detail);
                return StatusCodes.Status422UnprocessableEntity;
            case ChangeFailure.LastSuperuser:
                input.Add(FormInput.AllowNoSuperuser, ChangeFailure.LastSuperuser.Detail);
                return StatusCodes.Status409Conflict;
            case ChangeFailure.PreconditionFailed:
                return StatusCodes.Status409Conflict;
            default:
                return StatusCodes.Status404NotFound;
        }
    }

    public static string Explain(this ChangeFailure failure) => failure switch
    {
        ChangeFailure.Invalid invalid => string.Join(' ', invalid.Mistakes.Values.SelectMany(texts => texts)),
        ChangeFailure.Refused refused => refused.Detail,
        ChangeFailure.StepUp stepUp => stepUp.Detail,
        ChangeFailure.Conflict conflict => conflict.Detail,
        ChangeFailure.LastSuperuser => ChangeFailure.LastSuperuser.Detail,
        ChangeFailure.NotFound => "It is not there any more, or not for you to see.",
        _ => "Somebody has changed it since you opened this page, so nothing was done. "
            + "Look at it as it is now, and do it again if you still want to.",
    };
}
