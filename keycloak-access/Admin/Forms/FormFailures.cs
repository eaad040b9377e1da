using KeycloakAccess.Permissions;

namespace KeycloakAccess.Admin.Forms;

/// <summary>Says in a form why a change was not made.</summary>
internal static class FormFailures
{
    /// <param name="input">The form.</param>
    /// <param name="failure">Why.</param>
    /// <param name="refusedField">The field that a refusal stands beside; empty for the form as a whole.</param>
    /// <returns>The status of the page that shows the form again.</returns>
    public static int Show(this FormInput input, ChangeFailure failure, string refusedField = "")
    {
        switch (failure)
        {
            case ChangeFailure.Invalid invalid:
                // A form knows a group by its name.
                input.Add(invalid.Mistakes.Select(field => KeyValuePair.Create(field.Key == "groupId" ? "group" : field.Key, field.Value)));
                return StatusCodes.Status422UnprocessableEntity;
            case ChangeFailure.Refused refused:
                input.Add(refusedField, refused.Detail);
                return StatusCodes.Status422UnprocessableEntity;
            case ChangeFailure.Conflict conflict:
                input.Add(conflict.Field, conflict.Detail);
                return StatusCodes.Status409Conflict;
            case ChangeFailure.PreconditionFailed:
                return StatusCodes.Status409Conflict;
            default:
                return StatusCodes.Status404NotFound;
        }
    }
}
