using KeycloakAccess.Hosting;

namespace KeycloakAccess.Admin.Forms;

/// <summary>Why something is done: goes into the audit log.</summary>
internal static class Reasons
{
    /// <summary>Says in the form what is wrong with its reason.</summary>
    public static void Check(FormInput input, string name = "reason")
    {
        if (input.Value(name).Length > ReasonParameter.Longest)
        {
            input.Add(name, ReasonParameter.TooLong);
        }
    }
}
