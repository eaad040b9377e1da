using KeycloakAccess.Hosting;

namespace KeycloakAccess.Admin.Forms;

internal static class Reasons
{
    public static void Check(FormInput input, string name = "reason")
    {
        if (input.Value(name).Length > ReasonParameter.Longest)
        {
            input.Add(name, ReasonParameter.TooLong);
        }
    }
}
